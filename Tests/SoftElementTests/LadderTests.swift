import Guomi
import KeyLadder
import SecureElement
import TestSupport
import Testing

@testable import SoftElement

struct LadderTests {
  @Test("the device key comes in once, and the platform's derivation and the element's are the same", .clause("9.4d"))
  func provisioning() throws {
    let (bench, platform) = (try Bench(), try Platform())
    #expect(throws: SecureElementError.sequence) { try bench.answer(.provisioningRequest(device: Platform.device)) }
    _ = try bench.answer(.trust(platform: platform.publicKey))
    #expect(throws: SecureElementError.sequence) { try bench.answer(.trust(platform: platform.publicKey)) }
    let answer = try platform.answer(try bench.bytes(.provisioningRequest(device: Platform.device)))
    guard case .identity(let identity) = try bench.answer(.identity) else { return }
    #expect(answer.request.holder.element == identity.id)
    #expect(answer.request.holder.device == Platform.device)
    #expect(try bench.bytes(.provision(answer: answer.message)) == KeyLadder.checkValue(answer.key))
    #expect(throws: SecureElementError.sequence) { try bench.answer(.provision(answer: answer.message)) }
    #expect(throws: SecureElementError.sequence) { try bench.answer(.provisioningRequest(device: Platform.device)) }
    try bench.restart()
    #expect(try bench.slots().contains { $0.algorithm == .deviceKey })
  }

  @Test("another platform's answer, a changed one and one to another request are refused")
  func forged() throws {
    let (bench, platform, other) = (try Bench(), try Platform(), try Platform())
    _ = try bench.answer(.trust(platform: platform.publicKey))
    let first = try bench.bytes(.provisioningRequest(device: Platform.device))
    let late = try platform.answer(first).message
    let request = try bench.bytes(.provisioningRequest(device: Platform.device))
    #expect(throws: SecureElementError.notAuthentic) { try bench.answer(.provision(answer: late)) }
    #expect(throws: SecureElementError.notAuthentic) {
      try bench.answer(.provision(answer: other.answer(request).message))
    }
    var changed = try platform.answer(request).message
    changed[9] ^= 1
    #expect(throws: SecureElementError.notAuthentic) { try bench.answer(.provision(answer: changed)) }
    #expect(throws: Never.self) { try bench.answer(.provision(answer: platform.answer(request).message)) }
  }

  @Test("the key that signs for the device signs nothing that a caller words")
  func boundKeys() throws {
    let (bench, platform) = (try Bench(), try Platform())
    _ = try platform.provision(bench)
    for slot in try bench.slots() {
      for call: ElementRequest in [
        .sign(slot.number, message: [1]), .seal(slot.number, data: [1], associated: []),
        .open(slot.number, sealed: [1], associated: []),
      ] {
        #expect(throws: SecureElementError.usage) { try bench.answer(call) }
      }
    }
  }

  @Test(
    "messages go both ways, each once, in either way of agreeing", .clause("9.4b", "9.4e"), arguments: [true, false])
  func sessions(isEphemeral: Bool) throws {
    let (bench, platform) = (try Bench(), try Platform())
    let keys = try platform.provision(bench)
    try bench.restart()
    let (number, session) = try platform.agree(
      bench, keys.communication, device: keys.device, isEphemeral: isEphemeral)
    let context = Array("door/301".utf8)
    let up = try bench.bytes(.protect(number, message: [1, 2, 3], context: context))
    #expect(try session.open(up, context: context) == [1, 2, 3])
    let down = try session.seal([9], context: context)
    #expect(throws: SecureElementError.notAuthentic) {
      try bench.answer(.unprotect(number, message: down, context: []))
    }
    #expect(try bench.bytes(.unprotect(number, message: down, context: context)) == [9])
    #expect(throws: SecureElementError.replayed) {
      try bench.answer(.unprotect(number, message: down, context: context))
    }
  }

  @Test("a session is its caller's, and ends with it")
  func callers() throws {
    let (bench, platform) = (try Bench(), try Platform())
    let keys = try platform.provision(bench)
    let (number, _) = try platform.agree(
      bench, keys.communication, device: keys.device, isEphemeral: false, caller: 5)
    _ = try bench.bytes(.protect(number, message: [1], context: []), caller: 5)
    #expect(throws: SecureElementError.missing) {
      try bench.answer(.protect(number, message: [1], context: []), caller: 6)
    }
    #expect(throws: SecureElementError.missing) { try bench.answer(.endSession(number), caller: 6) }
    try bench.element.forget(5)
    #expect(throws: SecureElementError.missing) {
      try bench.answer(.protect(number, message: [1], context: []), caller: 5)
    }
    for _ in 0..<ElementLimits.sessionsMax { _ = try bench.offer(isEphemeral: false) }
    #expect(throws: SecureElementError.full) { try bench.offer(isEphemeral: false) }
  }

  @Test("renewal keeps the present key and the one before, and a wrong answer changes nothing", .clause("9.4e"))
  func renewal() throws {
    let (bench, platform) = (try Bench(), try Platform())
    let keys = try platform.provision(bench)
    let days = (1...3).map { KeyEpoch(start: Platform.epoch.start + UInt64($0) * 86_400) }
    for day in days { _ = try platform.renew(bench, keys.key, day) }
    let kept = try bench.element.communicationKeys(of: bench.element.state).map(\.binding)
    #expect(kept == [days[2].bytes, days[1].bytes])
    _ = try bench.bytes(.beginRenewal(epochStart: days[2].start + 86_400))
    #expect(throws: SecureElementError.notAuthentic) {
      try bench.answer(.finishRenewal(answer: [1, 0x22, 0] + [UInt8](repeating: 0, count: 48)))
    }
    #expect(throws: SecureElementError.sequence) { try bench.answer(.finishRenewal(answer: [1])) }
    #expect(try bench.element.communicationKeys(of: bench.element.state).map(\.binding) == kept)
  }

  @Test("two elements agree a key by GB/T 32918.3 and use it without ever showing it", .clause("9.5.6", "9.5.9"))
  func exchange() throws {
    let (a, b) = (try Bench(), try Bench())
    let (keyA, keyB) = (
      try a.slot(.generate(.sm2Exchange, .exchange, label: "")),
      try b.slot(.generate(.sm2Exchange, .exchange, label: ""))
    )
    let (nameA, nameB) = (Array("lock".utf8), Array("hub".utf8))
    func begun() throws -> (ElementExchange, ElementExchange) {
      guard
        case .exchange(let first) = try a.answer(
          .beginExchange(keyA.number, id: nameA, peer: ElementPeer(key: keyB.publicKey, id: nameB))),
        case .exchange(let second) = try b.answer(
          .answerExchange(
            keyB.number, id: nameB, peer: ElementPeer(key: keyA.publicKey, id: nameA), share: first.share))
      else { throw SecureElementError.inside }
      return (first, second)
    }
    let (first, second) = try begun()
    guard
      case .exchanged(let slotA, let confirmation) = try a.answer(
        .finishExchange(first.number, share: second.share, confirmation: second.confirmation)),
      case .exchanged(let slotB, _) = try b.answer(
        .finishExchange(second.number, share: [], confirmation: confirmation))
    else { throw SecureElementError.inside }
    let sealed = try a.bytes(.seal(slotA.number, data: [4, 2], associated: []))
    #expect(try b.bytes(.open(slotB.number, sealed: sealed, associated: [])) == [4, 2])
    #expect(!slotA.isLasting)
    // A wrong confirmation ends it; the key does not outlive the process.
    let (third, fourth) = try begun()
    #expect(throws: SecureElementError.notAuthentic) {
      try a.answer(
        .finishExchange(third.number, share: fourth.share, confirmation: [UInt8](repeating: 0, count: 32)))
    }
    #expect(throws: SecureElementError.missing) {
      try a.answer(.finishExchange(third.number, share: fourth.share, confirmation: fourth.confirmation))
    }
    try a.restart()
    #expect(try a.slots().map(\.number) == [keyA.number])
  }
}
