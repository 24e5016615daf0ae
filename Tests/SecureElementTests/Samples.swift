import SecureElement

/// One request of every call, and one answer of every kind.
enum Samples {
  static let peer = ElementPeer(key: [UInt8](repeating: 4, count: 65), id: Array("peer".utf8))

  static let requests: [ElementRequest] = [
    .identity, .health, .checkRandomness, .slots,
    .generate(.sm2Signing, .sign, label: "门锁"),
    .importWrapped(with: 3, .sm4, [.seal, .open], label: "", wrapped: [1, 2, 3]),
    .disable(4), .destroy(0xffff), .wipe,
    .sign(1, message: [0]), .seal(2, data: [], associated: [9]), .open(2, sealed: [1], associated: []),
    .trust(platform: [4]), .provisioningRequest(device: [1]), .provision(answer: [2]),
    .beginRenewal(epochStart: 86_400), .finishRenewal(answer: []),
    .offerSession(isEphemeral: true), .finishSession(7, answer: [1]),
    .protect(7, message: [1, 2], context: [3]), .unprotect(7, message: [1, 2], context: []), .endSession(7),
    .beginExchange(5, id: [1], peer: peer), .answerExchange(5, id: [], peer: peer, share: [4]),
    .finishExchange(8, share: [], confirmation: [1]),
    .random(4_096), .counter(0), .increment(7), .at(element: [1], .sign(1, message: [2])),
  ]

  static let slot = KeySlot(
    number: 1, algorithm: .rsa2048, usage: .unwrap, state: .disabled, isLasting: true, label: "a", publicKey: [1, 2])

  static let answers: [ElementAnswer] = [
    .done,
    .identity(
      ElementIdentity(
        id: [1], model: "m", version: "1", algorithms: [ElementIdentity.Algorithm(id: "a", version: "2")])),
    .health(
      ElementHealth(
        randomness: .alarm, alarms: 1, checksPassed: 2, powerOnSamplesDone: 20, isAllMemoryLocked: true,
        isConfined: false)),
    .slots([slot, slot]), .slot(slot), .bytes([1]), .number(.max),
    .offer(ElementOffer(number: 1, message: [1])),
    .exchange(ElementExchange(number: 2, share: [4], confirmation: [])),
    .exchanged(slot, confirmation: [5]),
  ]
}
