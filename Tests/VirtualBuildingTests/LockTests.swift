import DeviceKit
import Testing
import TestSupport

@testable import VirtualBuilding

@Suite("Lock")
struct LockTests {
  /// A lock in an empty room: nothing happens by itself.
  private func lock(flash: MemoryFlash = MemoryFlash(), isOnline: Bool = true) throws -> ProgramBench<LockProgram> {
    try ProgramBench(LockProgram(resident: .nobody), model: "lock.basic", flash: flash, isOnline: isOnline)
  }

  private func issue(
    _ bench: inout ProgramBench<LockProgram>, _ id: String = "k1", method: String = "password",
    secret: String = "246810", from: Int64? = nil, until: Int64? = nil
  ) throws {
    let from = from ?? bench.now - 1_000
    let until = until ?? bench.now + 400 * 86_400_000
    let reply = try bench.command(
      "issueCredential",
      "{\"credential\":\"\(id)\",\"method\":\"\(method)\",\"sealed\":\"plain:\(secret)\","
        + "\"validFrom\":\(from),\"validUntil\":\(until)}")
    #expect(reply.text("state") == "done")
  }

  @Test("a credential opens the door without a network, for more than a year and after a power cut", .clause("6.1.2c"))
  func offline() throws {
    var bench = try lock()
    try issue(&bench)
    try issue(&bench, "k2", method: "card", secret: "04A1B2")
    try issue(&bench, "k3", method: "fingerprint", secret: "template-9")
    var restarted = try lock(flash: bench.flash, isOnline: false)
    restarted.uptime += 370 * 86_400_000
    for (method, secret) in [("password", "246810"), ("card", "04A1B2"), ("fingerprint", "template-9")] {
      restarted.suffer(.present(method: method, secret: secret))
      #expect(try restarted.program.isLocked == false)
      restarted.advance(seconds: 10)
      #expect(try restarted.program.isLocked)
    }
  }

  @Test("only a legally authorised resident can open", .clause("6.1.1"),
    arguments: ["wrong", "early", "late", "revoked"])
  func onlyAuthorised(way: String) throws {
    var bench = try lock()
    switch way {
    case "early": try issue(&bench, from: bench.now + 10_000)
    case "late": try issue(&bench, from: bench.now - 20_000, until: bench.now - 10_000)
    default: try issue(&bench)
    }
    if way == "revoked" { try bench.command("revokeCredential", "{\"credential\":\"k1\"}") }
    bench.suffer(.present(method: "password", secret: way == "wrong" ? "000000" : "246810"))
    #expect(try bench.program.isLocked)
    let expected = ["wrong": "unknown", "early": "notYet", "late": "expired", "revoked": "unknown"][way]
    #expect(bench.events("openRefused").last?.values.text("reason") == expected)
    #expect(bench.events("opened").isEmpty)
  }

  @Test("five wrong passwords in a row raise an alarm and the keypad rests; a right one in between starts anew",
    .clause("6.1.2d", "8.6f"))
  func wrongPasswords() throws {
    var bench = try lock()
    try issue(&bench)
    bench.suffer(.wrongPasswords(count: 4))
    bench.suffer(.present(method: "password", secret: "246810"))
    bench.suffer(.wrongPasswords(count: 4))
    #expect(bench.events("wrongPassword").isEmpty)
    bench.suffer(.wrongPasswords(count: 1))
    #expect(bench.events("wrongPassword").map { $0.values.number("attempts") } == [5])
    bench.advance(seconds: 10)
    bench.suffer(.present(method: "password", secret: "246810"))
    #expect(try bench.program.isLocked, "the keypad rests")
    #expect(bench.events("openRefused").last?.values.text("reason") == "lockedOut")
    bench.advance(seconds: 180)
    bench.suffer(.present(method: "password", secret: "246810"))
    #expect(try !bench.program.isLocked)
  }

  @Test("tampering, a forced door and a weak battery are told at once; tampering stays until cleared",
    .clause("6.1.2d", "8.6f"))
  func abnormal() throws {
    var bench = try lock()
    bench.suffer(.tamper)
    bench.suffer(.tamper)
    #expect(bench.events("tamper").count == 1)
    bench.suffer(.force)
    #expect(bench.events("forcedOpen").count == 1)
    bench.suffer(.lowBattery)
    #expect(bench.events("lowBattery").map { $0.values.number("batteryPercent") } == [15])
    let restarted = try lock(flash: bench.flash)
    #expect(try restarted.program.isTampered)
    #expect(try bench.command("clearTamper").text("state") == "done")
    #expect(bench.events("tamperCleared").count == 1)
    bench.suffer(.newBattery)
    #expect(bench.events("batteryRestored").count == 1)
  }

  @Test("opening records are kept on the lock without a network and uploaded in order, marked late", .clause("6.1.2e"))
  func records() throws {
    var bench = try lock()
    try issue(&bench)
    bench.suffer(.present(method: "password", secret: "246810"))
    #expect(bench.events("opened").map { $0.values.number("late") } == [0])
    bench.disconnect()
    for _ in 0..<20 {
      bench.advance(seconds: 60)
      bench.suffer(.present(method: "password", secret: "246810"))
    }
    let lastOpening = bench.now
    #expect(bench.events("opened").count == 1)
    bench.advance(seconds: 600)
    var restarted = try lock(flash: bench.flash, isOnline: false)
    restarted.uptime = bench.uptime
    #expect(try restarted.program.records.waitingCount == 20)
    restarted.connect()
    let opened = restarted.events("opened")
    #expect(opened.map { $0.values.number("record") } == (2...21).map { Double($0) })
    #expect(opened.allSatisfy { $0.values.number("late") == 1 })
    #expect(opened.last?.time == lastOpening)
    #expect(try restarted.program.records.waitingCount == 0)
    #expect(try restarted.command("uploadRecords", "{\"from\":20,\"to\":99}").number("count") == 2)
  }

  @Test("the lock has room for 500 records and overwrites the oldest", .clause("6.1.2e"))
  func recordsBounded() throws {
    var bench = try lock(isOnline: false)
    for index in 0..<510 { bench.suffer(.present(method: "card", secret: "\(index)")) }
    bench.connect()
    let numbers = bench.events("openRefused").compactMap { $0.values.number("record") }
    #expect(numbers.count == 500 && numbers.first == 11 && numbers.last == 510)
  }

  @Test("a remote unlock opens for the asked time and locks by itself; without a set clock it is refused")
  func unlock() throws {
    var bench = try lock()
    #expect(try bench.command("unlock", "{\"seconds\":7}").text("state") == "done")
    bench.advance(seconds: 6)
    #expect(try !bench.program.isLocked)
    bench.advance(seconds: 2)
    #expect(try bench.program.isLocked)
    #expect(bench.events("opened").last?.values.text("method") == "remote")
    #expect(bench.events("lockedAgain").count == 1)
    #expect(try bench.command("unlock", "{\"seconds\":61}").text("code") == "badArgument")
    var unset = try lock(isOnline: false)
    unset.machine.linkUp(unset.moment)
    #expect(try unset.command("unlock").text("code") == "clockNotSet")
  }

  @Test("a door left open is told after a minute")
  func ajar() throws {
    var bench = try lock()
    bench.suffer(.openFromInside)
    bench.advance(seconds: 59)
    #expect(bench.events("doorAjar").isEmpty)
    bench.advance(seconds: 2)
    #expect(bench.events("doorAjar").count == 1)
    bench.suffer(.closeDoor)
    bench.advance(seconds: 10)
    #expect(try bench.program.isLocked)
  }

  @Test("the same seed lives the same life")
  func deterministic() throws {
    func day() throws -> [String] {
      var bench = try ProgramBench(LockProgram(resident: .family), model: "lock.basic")
      bench.advance(seconds: 86_400)
      return bench.said.map(\.text)
    }
    let one = try day()
    #expect(try one == day())
    #expect(one.count > 100)
  }
}
