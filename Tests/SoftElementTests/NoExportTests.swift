import Guomi
import KeyLadder
import SecureElement
import TestSupport
import Testing

@testable import SoftElement

/// No private or secret key comes out, whatever is called.
struct NoExportTests {
  /// Eight bytes in a row of any secret would be found.
  private static let windowByteCount = 8

  private func windows(_ secrets: [SecretBytes]) -> Set<[UInt8]> {
    var windows: Set<[UInt8]> = []
    for secret in secrets {
      secret.withUnsafeBytes { bytes in
        for start in 0...(bytes.count - Self.windowByteCount) {
          windows.insert(Array(bytes[start..<start + Self.windowByteCount]))
        }
      }
    }
    return windows
  }

  private func shows(_ bytes: [UInt8], _ windows: Set<[UInt8]>) -> Bool {
    guard bytes.count >= Self.windowByteCount else { return false }
    return (0...(bytes.count - Self.windowByteCount)).contains {
      windows.contains(Array(bytes[$0..<$0 + Self.windowByteCount]))
    }
  }

  /// An element with a key of every kind, and the number of a session and of each slot.
  private func full(_ randomness: Randomness? = nil) throws -> (bench: Bench, session: UInt32) {
    let (bench, platform) = (try Bench(randomness: randomness), try Platform())
    let keys = try platform.provision(bench)
    for (algorithm, usage): (KeyAlgorithm, KeyUsage) in [
      (.sm2Signing, .sign), (.sm2Encryption, .unwrap), (.sm2Exchange, .exchange), (.rsa2048, .sign),
      (.rsa2048, .unwrap), (.sm4, [.seal, .open]), (.aes128, [.seal, .open]), (.aes256, [.seal, .open]),
    ] {
      _ = try bench.slot(.generate(algorithm, usage, label: "k"))
    }
    let session = try platform.agree(bench, keys.communication, device: keys.device, isEphemeral: false).number
    return (bench, session)
  }

  /// Every call, on every slot where it takes one.
  private func calls(_ slots: [KeySlot], session: UInt32, peer: [UInt8]) -> [ElementRequest] {
    let party = ElementPeer(key: peer, id: Array("p".utf8))
    let zeros = [UInt8](repeating: 0, count: 128)
    var calls: [ElementRequest] = [
      .identity, .health, .checkRandomness, .slots, .generate(.sm4, .seal, label: "x"), .trust(platform: peer),
      .provisioningRequest(device: Platform.device), .provision(answer: zeros), .beginRenewal(epochStart: 86_400),
      .finishRenewal(answer: [UInt8](repeating: 1, count: 51)), .offerSession(isEphemeral: true),
      .offerSession(isEphemeral: false), .finishSession(session, answer: zeros),
      .protect(session, message: zeros, context: []), .unprotect(session, message: zeros, context: []),
      .finishExchange(1, share: peer, confirmation: zeros), .random(4_096), .counter(1), .increment(1),
      .at(element: [1], .slots),
    ]
    for number in slots.map(\.number) + [0, 999] {
      calls += [
        .sign(number, message: zeros), .seal(number, data: zeros, associated: []),
        .open(number, sealed: zeros, associated: []),
        .importWrapped(with: number, .sm4, .open, label: "", wrapped: zeros),
        .beginExchange(number, id: [1], peer: party), .answerExchange(number, id: [1], peer: party, share: peer),
      ]
    }
    calls += slots.map { .disable($0.number) } + slots.map { .destroy($0.number) } + [.endSession(session), .wipe]
    return calls
  }

  @Test("no answer to any call holds eight bytes of any key", .clause("9.5.4", "9.5.7", "9.5.9"))
  func answers() throws {
    let randomness = try Randomness(entropy: .operatingSystem)
    let (bench, session) = try full(randomness)
    let slots = try bench.slots()
    let secrets = try bench.element.state.slots.values.map(\.secret)
    #expect(secrets.count == slots.count && slots.count == 12)
    // Of an RSA key all but the modulus, which is public and lies in the secret's encoding, too.
    let modules = slots.filter { $0.algorithm == .rsa2048 }.map(\.publicKey)
    let windows = windows(secrets).filter { window in !modules.contains { shows($0, [window]) } }
    #expect(windows.count > 2_000)
    let peer = try #require(slots.first { $0.algorithm == .sm2Exchange }).publicKey
    let calls = calls(slots, session: session, peer: peer)
    #expect(Set(calls.map(\.call)) == Set(ElementCall.allCases))
    var answered = 0
    for (number, call) in calls.enumerated() {
      let frame = ElementFrame(number: UInt32(number), body: call.bytes)
      let answer = ElementServer.answer(frame, try bench.element, 1)
      #expect(!shows(answer.bytes, windows), "\(call.call)")
      #expect(answer.code == 0 || answer.body.isEmpty)
      if answer.code == 0 { answered += 1 }
      // About every thirtieth check that a call asks for raises an alarm, and after it nothing would be answered.
      if !randomness.isGood { #expect(randomness.checkUntilSettled()) }
    }
    #expect(answered > 40)
    #expect(try bench.slots().isEmpty)
  }

  @Test("the check sees a key when there is one")
  func canary() throws {
    let secret = SecretBytes(copying: 0..<32)
    #expect(shows(Array(4...40), windows([secret])))
    #expect(!shows(Array(40...90), windows([secret])))
  }

  @Test("no key lies open in the store, and a state prints none", .clause("9.5.8"))
  func store() throws {
    let (bench, _) = try full()
    let secrets = try bench.element.state.slots.values.map(\.secret) + [bench.secret]
    let windows = windows(secrets)
    for file in ["state.0", "state.1"] {
      let bytes = try Files.read(bench.folder.path(file))
      #expect(bytes.count > 2_000)
      #expect(!shows(bytes, windows))
    }
    let printed = try String(reflecting: bench.element.state)
    #expect(printed.contains(SecretBytes.placeholder))
    #expect(!shows(Array(printed.utf8), windows))
  }
}
