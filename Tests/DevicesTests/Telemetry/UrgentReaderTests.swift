import DurableLog
import Foundation
import Kernel
import SQLStore
import Synchronization
import TestSupport
import Testing

@testable import Devices

/// Writes each message into a table, and fails when told.
private final class Recorder: UrgentHandler {
  struct Poisoned: Error {}
  let failures = Mutex(0)
  static let table = SQLMigrations(
    context: "recorder", steps: [.init(1, "seen", "CREATE TABLE seen (number BIGINT PRIMARY KEY);")])

  func handle(_ unit: Kernel.Unit, _ message: UrgentMessage) throws {
    if message.sequence == 13 { throw Poisoned() }
    let fails = failures.withLock { failures in
      defer { failures = max(0, failures - 1) }
      return failures > 0
    }
    if fails { throw Poisoned() }
    try unit.sql.execute("INSERT INTO seen (number) VALUES (\(message.sequence))")
  }
}

struct UrgentReaderTests {
  private struct Rig {
    let fixture: TelemetryFixture
    let fresh: Fresh
    let recorder = Recorder()
    let reader: UrgentReader

    init() async throws {
      fixture = try TelemetryFixture()
      fresh = try await Fresh.inMemory([TelemetryTables.business, Recorder.table])
      reader = UrgentReader(
        work: fresh.work, log: fixture.log, directory: fixture.directory, handler: recorder, trims: fixture.trims,
        logger: .silent)
    }

    func event(_ sequences: Int...) async throws {
      try await fixture.send(sequences.map { (1, .event, #"{"boot":1,"seq":\#($0),"event":"x"}"#) })
    }

    func seen() async throws -> [Int64] {
      try await fresh.store.read { sql in
        try sql.rows("SELECT number FROM seen ORDER BY number").map { try $0.integer(0) }
      }
    }
  }

  @Test("each message is handled once, in order, whatever is sent again or read again")
  func exactlyOnce() async throws {
    let rig = try await Rig()
    defer { rig.fixture.log.close() }
    try await rig.event(0, 1, 2)
    try await rig.reader.catchUp()
    try await rig.event(1, 3, 2, 0)
    try await rig.reader.catchUp()
    try await rig.reader.catchUp()
    #expect(try await rig.seen() == [0, 1, 2, 3])
  }

  @Test("a failing message is tried again, then put aside, and the others are not held up or done twice")
  func poison() async throws {
    let rig = try await Rig()
    defer { rig.fixture.log.close() }
    try await rig.event(11, 12, 13, 14, 15)
    try await rig.event(16)
    try await rig.reader.catchUp()
    #expect(try await rig.seen() == [11, 12, 14, 15, 16])
    let failed = try await rig.fresh.store.read { sql in
      try sql.rows("SELECT record, error FROM telemetry_failed").map { "\(try $0.integer(0)) \(try $0.text(1))" }
    }
    #expect(failed == ["2 Poisoned()"])
    rig.recorder.failures.withLock { $0 = 2 }
    try await rig.event(17)
    try await rig.reader.catchUp()
    #expect(try await rig.seen().last == 17)
  }

  @Test("the service hands messages on at once after their commit, and the log drops them")
  func service() async throws {
    let rig = try await Rig()
    defer { rig.fixture.log.close() }
    let running = Task { try await rig.reader.run() }
    try await rig.event(0, 1)
    try await until { try await rig.seen() == [0, 1] }
    running.cancel()
    _ = await running.result
    let history = try await rig.fixture.history()
    try await history.foldAll()
    try await until { try rig.fixture.log.read(.urgent, after: .start, bytesMax: .max).isEmpty }
  }
}

struct SequenceSetTests {
  @Test("behaves as a plain set does, over random insertions, and its gaps are the rest")
  func againstSet() {
    var random = SeededRandom(seed: 17)
    for _ in 0..<200 {
      var set = SequenceSet()
      var plain: Set<Int64> = []
      for _ in 0..<Int.random(in: 1...80, using: &random) {
        let number = Int64.random(in: 0...60, using: &random)
        let isNew = set.insert(number, rangesMax: 1_000)
        #expect(isNew == plain.insert(number).inserted)
      }
      let missing = set.gaps.flatMap { Array($0) }
      #expect(missing == (0...(plain.max() ?? 0)).filter { !plain.contains($0) })
    }
  }

  @Test("is bounded: the lowest ranges are forgotten, and starts beyond the eighth")
  func bounds() {
    var state = SequenceState()
    for boot in 0..<20 {
      for number in 0..<200 {
        let isNew = state.insert(boot: Int64(boot), sequence: Int64(number * 2))
        #expect(isNew)
      }
    }
    #expect(state.boots.map(\.boot) == Array(12..<20))
    #expect(state.boots.allSatisfy { $0.numbers.ranges.count == 64 && $0.numbers.isCut })
    let (again, forgotten) = (state.insert(boot: 19, sequence: 398), state.insert(boot: 19, sequence: 0))
    #expect(!again && forgotten)
    #expect(SequenceState(bytes: state.bytes) == state)
    #expect(SequenceState(bytes: Array(state.bytes.dropLast(3))) == nil)
  }
}
