import Glibc
import Guomi
import SecureElement
import TestSupport
import Testing

@testable import SoftElement

/// The element as a process: shut in, quiet, whole after a kill.
@Suite(.serialized)
struct ProcessTests {
  @Test("two callers at once get their own answers", .clause("9.5.4"))
  func twoCallers() async throws {
    let process = try await ElementProcess.start(TemporaryFolder())
    try await process.child.during {
      let (one, two) = (try process.connect(), try process.connect())
      let keys = (
        try await one.generate(.sm2Signing, for: .sign, label: "one"),
        try await two.generate(.sm2Signing, for: .sign, label: "two")
      )
      async let first = Self.signs(one, keys.0)
      async let second = Self.signs(two, keys.1)
      let both = try await (first, second)
      #expect(both.0 && both.1)
      #expect(try await one.slots().map(\.label) == ["one", "two"])
    }
  }

  private static func signs(_ element: ElementConnection, _ slot: KeySlot) async throws -> Bool {
    let key = SM2.VerifyingKey(try SM2.PublicPoint(x963: slot.publicKey))
    for round in 0..<20 {
      let message = Array("\(slot.label) \(round)".utf8)
      let signature = try SM2.Signature(raw: try await element.sign(message, with: slot.number))
      guard key.isValid(signature, for: message) else { return false }
    }
    return true
  }

  @Test("the process is confined, can not be dumped, and its keys can not be swapped out", .clause("9.5.2", "9.5.4"))
  func shutIn() async throws {
    let process = try await ElementProcess.start(TemporaryFolder())
    try await process.child.during {
      let health = try await process.connect().health()
      #expect(health.isConfined && health.randomness == .good && health.checksPassed >= 1)
      let number = try #require(Files.process(holding: process.store))
      let status = try Files.status(number)
      // A filter; no new privileges; memory locked.
      #expect(status["Seccomp"] == "2")
      #expect(status["NoNewPrivs"] == "1")
      let locked = try #require(status["VmLck"]?.split(separator: " ").first.flatMap { Int($0) })
      #expect(locked >= 1_024)
      #expect(health.isAllMemoryLocked == (locked > 10_000))
      let limits = String(decoding: try Files.read("/proc/\(number)/limits"), as: UTF8.self)
      #expect(limits.contains(try Regex("Max core file size +0 +0")))
      #expect(try Files.mode(process.socket) == 0o600)
      #expect(try Files.mode(process.secretFile) == 0o600)
    }
  }

  @Test("a system call that is not allowed ends a confined process, a fault ends it without a trace", .clause("9.5.2"))
  func proofs() async throws {
    for proof in ["open", "execute"] {
      let outcome = try await ChildProgram.run(.built("anju-element", ["prove", proof]))
      #expect(outcome.end == .signalled(SIGSYS))
      #expect(outcome.output.isEmpty)
    }
    let fault = try await ChildProgram.run(.built("anju-element", ["prove", "fault"]))
    #expect(fault.end == .exited(Confinement.faultStatus))
    #expect(fault.output == "anju-element: fault, ended\n")
  }

  @Test("frames of noise end their connection at most; the others' go on", .clause("9.5.2"))
  func noise() async throws {
    let process = try await ElementProcess.start(TemporaryFolder())
    try await process.child.during {
      let good = try process.connect()
      let slot = try await good.generate(.sm4, for: [.seal, .open], label: "")
      let sealed = try await good.seal([5], authenticating: [], with: slot.number)
      var random = SeededRandom(seed: 9)
      for round in 0..<60 {
        let raw = try RawCaller(process.socket)
        var bytes = ElementFrame(
          number: 1,
          body: [ElementCall.allCases[round % ElementCall.allCases.count].rawValue]
            + (0..<Int(random.next() % 40)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        ).bytes
        // One third whole, one third with a spoiled head, one third cut off.
        if round % 3 == 1 { bytes[Int(random.next() % 5)] ^= UInt8(1 + random.next() % 255) }
        if round % 3 == 2 { bytes.removeLast() }
        raw.send(bytes)
        raw.close()
        if round.isMultiple(of: 10) {
          #expect(try await good.open(sealed, authenticating: [], with: slot.number) == [5])
        }
      }
      #expect(try await good.open(sealed, authenticating: [], with: slot.number) == [5])
      #expect(process.child.isRunning)
    }
  }

  @Test("frames sent together are all answered, in order; the 17th caller is turned away")
  func crowd() async throws {
    let process = try await ElementProcess.start(TemporaryFolder())
    try await process.child.during {
      let raw = try RawCaller(process.socket)
      raw.send((1...20).flatMap { ElementFrame(number: $0, body: ElementRequest.counter(0).bytes).bytes })
      for number in 1...20 { #expect(raw.frame()?.number == UInt32(number)) }
      raw.close()
      let others = try (0..<ElementLimits.connectionsMax).map { _ in try process.connect() }
      for other in others.dropLast() { _ = try await other.counter(0) }
      _ = try? await others.last?.counter(0)
      let last = try process.connect()
      var answers = 0
      for connection in [others[0], last] where (try? await connection.counter(0)) != nil { answers += 1 }
      #expect(answers == 1)
    }
  }

  @Test("kill -9 at any moment loses no key that was answered for", .clause("9.5.8"))
  func kill() async throws {
    let folder = try TemporaryFolder()
    var (known, count): ([KeySlot], UInt64) = ([], 0)
    for round in 0..<4 {
      let process = try await ElementProcess.start(folder)
      let element = try process.connect()
      #expect(Set(try await element.slots()).isSuperset(of: known))
      #expect(try await element.counter(0) >= count)
      let writer = Task { () -> ([KeySlot], UInt64) in
        var (made, last): ([KeySlot], UInt64) = ([], 0)
        while made.count < 14, let slot = try? await element.generate(.sm2Signing, for: .sign, label: "\(round)") {
          made.append(slot)
          guard let number = try? await element.increment(0) else { break }
          last = number
        }
        return (made, last)
      }
      let watcher = try process.connect()
      let enough = UInt64(round) * 2 + 2
      try await until { try await watcher.counter(0) >= count + enough }
      await process.child.kill()
      let (made, last) = await writer.value
      known += made
      count = max(count, last)
    }
    let process = try await ElementProcess.start(folder)
    try await process.child.during {
      let element = try process.connect()
      let slots = try await element.slots()
      #expect(known.count >= 8 && Set(slots).isSuperset(of: known))
      #expect(try await element.counter(0) >= count)
      for slot in known {
        let signature = try SM2.Signature(raw: try await element.sign([1], with: slot.number))
        #expect(SM2.VerifyingKey(try SM2.PublicPoint(x963: slot.publicKey)).isValid(signature, for: [1]))
      }
    }
  }

  @Test("what the program writes holds no key, whatever goes wrong", .clause("9.5.2"))
  func quiet() async throws {
    let process = try await ElementProcess.start(TemporaryFolder())
    let element = try process.connect()
    for algorithm in [KeyAlgorithm.sm2Signing, .sm4, .aes256] {
      _ = try await element.generate(algorithm, for: algorithm.usages, label: "canary")
    }
    for slot in try await element.slots() {
      _ = try? await element.open([1, 2, 3], authenticating: [], with: slot.number)
      _ = try? await element.sign([1], with: slot.number)
    }
    process.child.send(signal: SIGTERM)
    let outcome = try await process.child.ended()
    #expect(outcome.end == .exited(0))
    #expect(outcome.output == ElementProgram.greeting)
    // With a store that is not its own it says one word.
    try Files.write([UInt8](repeating: 7, count: 32), process.secretFile)
    let refused = try await ChildProgram.run(
      .built(
        "anju-element",
        ["serve", "--folder", process.store, "--secret", process.secretFile, "--socket", process.socket]))
    #expect(refused.end == .exited(1))
    #expect(refused.output == "anju-element: ended: notAuthentic (8)\n")
  }

  @Test("another user's programs are turned away")
  func otherUser() async throws {
    let process = try await ElementProcess.start(TemporaryFolder(), ["--user", "\(getuid() + 1)"])
    try await process.child.during {
      // Where the system's own user rights let it in at all.
      let element = try? process.connect()
      await #expect(throws: SecureElementError.unavailable) {
        guard let element else { throw SecureElementError.unavailable }
        _ = try await element.identity()
      }
    }
  }

  @Test("arguments that are unknown, missing or given twice are refused")
  func arguments() async throws {
    for arguments in [
      [], ["serve"], ["serve", "--folder", "f", "--secret", "s"], ["prove", "nothing"],
      ["serve", "--folder", "f", "--secret", "s", "--pipes", "--socket", "x"],
      ["serve", "--folder", "f", "--folder", "f", "--secret", "s", "--pipes"],
      ["serve", "--folder", "f", "--secret", "s", "--pipes", "--check-every", "0"],
    ] {
      let outcome = try await ChildProgram.run(.built("anju-element", arguments))
      #expect(outcome.end == .exited(64))
    }
  }
}
