import DurableLog
import Foundation
import Kernel
import SQLStore
import TestSupport
import Testing

@testable import Devices

struct TelemetryHistoryTests {
  /// One reading a second, its number its value.
  private func send(_ numbers: Range<Int>, _ fixture: TelemetryFixture) async throws {
    for number in numbers {
      try await fixture.telemetry(1, seq: number, at: .at(Int64(number)), "\"energyWh\":\(number)")
    }
  }

  @Test("history reads the same before and after folding, and across the seam", .clause("7.1.2d", "7.2.2a", "7.2.2b"))
  func seam() async throws {
    let fixture = try TelemetryFixture()
    defer { fixture.log.close() }
    let history = try await fixture.history()
    try await send(0..<30, fixture)
    let all = (0..<30).map { Sampled(Int64($0), "\($0)") }
    #expect(try await history.samples(1, "energyWh") == all)
    try await history.foldAll()
    #expect(try await history.samples(1, "energyWh") == all)
    try await send(30..<40, fixture)
    #expect(try await history.samples(1, "energyWh").count == 40)
    try await history.foldAll()
    #expect(try await history.samples(1, "energyWh") == (0..<40).map { Sampled(Int64($0), "\($0)") })
    #expect(try await history.samples(2, "energyWh").isEmpty)
    #expect(try await history.samples(1, "nothing").isEmpty)
  }

  @Test("late, out-of-order, repeated and corrected samples end up in order, each moment once")
  func lateSamples() async throws {
    var options = TelemetryOptions()
    options.chunkSamplesMax = 10
    let fixture = try TelemetryFixture(options: options)
    defer { fixture.log.close() }
    let history = try await fixture.history()
    var random = SeededRandom(seed: 11)
    var expected: [Int64: Int] = [:]
    for seq in 0..<400 {
      let second = Int64.random(in: -500...0, using: &random)
      expected[second] = seq
      try await fixture.telemetry(1, seq: seq, at: .at(second), "\"energyWh\":\(seq)")
      if seq % 37 == 0 { try await history.foldAll() }
      if seq == 200 { #expect(try await history.samples(1, "energyWh").count == expected.count) }
    }
    let all = expected.keys.sorted().map { Sampled($0, "\(expected[$0] ?? -1)") }
    #expect(try await history.samples(1, "energyWh") == all)
    try await history.foldAll()
    #expect(try await history.samples(1, "energyWh") == all)
  }

  @Test("a message sent twice counts once: in the history, in rejected readings, in completeness; gaps are known")
  func duplicatesAndGaps() async throws {
    let fixture = try TelemetryFixture()
    defer { fixture.log.close() }
    let history = try await fixture.history()
    for seq in [0, 1, 1, 2, 5, 6, 2, 9] {
      try await fixture.telemetry(1, seq: seq, at: .at(Int64(seq)), "\"energyWh\":\(seq),\"zz\":1")
      if seq == 5 { try await history.foldAll() }
    }
    try await history.foldAll()
    #expect(try await history.samples(1, "energyWh").map(\.seconds) == [0, 1, 2, 5, 6, 9])
    #expect(
      history.gaps(of: DeviceNumber(1)) == [
        SequenceRange(boot: 1, from: 3, to: 4), SequenceRange(boot: 1, from: 7, to: 8),
      ])
    let today = TelemetryFixture.now.date(offsetMinutes: 480)
    let days = try await history.completeness(DeviceNumber(1), from: today, through: today, offsetMinutes: 480)
    #expect(days == [DayCompleteness(day: today, received: 6, missing: 4, duplicates: 2, rejected: 6)])
    let rejected = try await history.rejectedReadings(nil, organisation: fixture.organisation, PageRequest(limit: 4))
    #expect(rejected.items.count == 4)
    let rest = try await history.rejectedReadings(
      nil, organisation: fixture.organisation, PageRequest(cursor: rejected.next, limit: 4))
    #expect(rest.items.count == 2 && rest.next == nil)
    try await fixture.telemetry(1, seq: 3, at: .at(3), "\"energyWh\":3")
    try await history.foldAll()
    #expect(try await history.missing(DeviceNumber(1), limit: 1) == [SequenceRange(boot: 1, from: 4, to: 4)])
  }

  @Test("pages of samples join without a gap, and buckets hold least, greatest, mean, last and count")
  func pagesAndBuckets() async throws {
    let fixture = try TelemetryFixture()
    defer { fixture.log.close() }
    let history = try await fixture.history()
    for second in 0..<25 {
      let values = "\"voltage\":\(220 + second % 5).\(second % 10)"
      try await fixture.telemetry(1, seq: second, at: .at(Int64(second)), values)
      if second == 17 { try await history.foldAll() }
    }
    var seen: [Int64] = []
    var cursor: String?
    repeat {
      let query = HistoryQuery(property: "voltage", from: .at(0), to: .at(25), limit: 7, cursor: cursor)
      guard case .samples(let samples, let next) = try await history.history(DeviceNumber(1), query) else { return }
      seen += samples.map { $0.at.microseconds(since: .at(0)) / 1_000_000 }
      cursor = next
    } while cursor != nil
    #expect(seen == Array(0..<25))
    let query = HistoryQuery(property: "voltage", from: .at(0), to: .at(25), bucketSeconds: 10)
    guard case .buckets(let buckets) = try await history.history(DeviceNumber(1), query) else { return }
    #expect(buckets.map(\.count) == [10, 10, 5])
    #expect(buckets[0].minimum == .decimal(mantissa: 2_200, scale: 1))
    #expect(buckets[0].maximum == .decimal(mantissa: 2_249, scale: 1))
    #expect(buckets[0].mean == .decimal(mantissa: 222_450, scale: 3))
    #expect(buckets[0].last == .decimal(mantissa: 2_249, scale: 1))
    await #expect(throws: TelemetryError.range) {
      _ = try await history.history(
        DeviceNumber(1), HistoryQuery(property: "voltage", from: .at(0), to: .at(10_000), bucketSeconds: 1))
    }
    await #expect(throws: TelemetryError.cursor) {
      _ = try await history.history(
        DeviceNumber(1), HistoryQuery(property: "voltage", from: .at(0), to: .at(10), cursor: "x"))
    }
  }

  @Test("after a restart latest values, history, gaps and the log's tail are there; a folding repeated changes nothing")
  func restart() async throws {
    let folder = try TemporaryFolder()
    let first = try TelemetryFixture(folder: folder)
    let history = try await first.history()
    try await first.telemetry(1, seq: 0, at: .at(0), #""energyWh":1,"note":"a","mode":"manual""#)
    try await first.telemetry(1, seq: 2, at: .at(1), #""energyWh":2"#)
    // A folding whose trim the crash prevented: the log still holds what was folded.
    try await history.foldAll()
    try await first.telemetry(1, seq: 3, at: .at(2), #""energyWh":3"#)
    first.log.close()
    await history.store.close()
    let second = try TelemetryFixture(folder: folder)
    defer { second.log.close() }
    let again = try await second.history()
    let entry = try #require(second.directory[DeviceNumber(1)])
    #expect(second.latest.values(entry).map(\.value.description) == ["3", "manual", "a"])
    #expect(try await again.samples(1, "energyWh").map(\.value) == ["1", "2", "3"])
    #expect(again.gaps(of: DeviceNumber(1)) == [SequenceRange(boot: 1, from: 1, to: 1)])
    try await again.foldAll()
    #expect(try await again.samples(1, "energyWh").map(\.value) == ["1", "2", "3"])
    await again.store.close()
  }

  @Test("the log is trimmed only after folding, and the urgent lane only after both readers")
  func trimming() async throws {
    let fixture = try TelemetryFixture()
    defer { fixture.log.close() }
    let history = try await fixture.history()
    try await fixture.telemetry(1, seq: 0, #""energyWh":1"#)
    try await fixture.send([(1, .event, #"{"boot":1,"seq":1,"event":"x"}"#)])
    #expect(try fixture.log.read(.bulk, after: .start, bytesMax: .max).count == 1)
    try await history.foldAll()
    try await until { try fixture.log.read(.bulk, after: .start, bytesMax: .max).isEmpty }
    #expect(try fixture.log.read(.urgent, after: .start, bytesMax: .max).count == 1)
    fixture.trims.handled(through: fixture.log.committed(.urgent))
    try await until { try fixture.log.read(.urgent, after: .start, bytesMax: .max).isEmpty }
  }

  @Test("raw messages are shown newest first over tail and store, page by page, CBOR as JSON")
  func rawMessages() async throws {
    let fixture = try TelemetryFixture()
    defer { fixture.log.close() }
    let history = try await fixture.history()
    for seq in 0..<10 {
      try await fixture.telemetry(1, seq: seq, received: .at(Int64(seq / 2)), "\"energyWh\":\(seq)")
      if seq == 5 { try await history.foldAll() }
    }
    var texts: [String] = []
    var cursor: String?
    repeat {
      let page = try await history.rawMessages(DeviceNumber(1), PageRequest(cursor: cursor, limit: 3))
      texts += page.items.map(\.text)
      cursor = page.next
    } while cursor != nil
    #expect(texts.count == 10)
    #expect(Set(texts).count == 10)
    #expect(texts[0].contains(#""seq":9"#) || texts[0].contains(#""seq":8"#))
    #expect(try await history.rawMessages(DeviceNumber(2), PageRequest()).items.isEmpty)
  }

  @Test("whoever looks for rejected readings sees them within seconds, however much waits to be folded")
  func watched() async throws {
    var options = TelemetryOptions()
    options.foldSoonRecordsMax = 0
    let fixture = try TelemetryFixture(options: options)
    let history = try await fixture.history()
    let clock = ManualClock(now: TelemetryFixture.now)
    let folder = TelemetryFolder(history: history, time: clock.timekeeper, logger: .silent)
    let running = Task { try await folder.run() }
    defer { running.cancel() }
    await clock.waitForSleepers()
    try await fixture.telemetry(1, seq: 0, #""energyWh":-1"#)
    func found(after seconds: Int) async throws -> Int {
      for _ in 0..<(seconds * 4) {
        clock.advance(by: .milliseconds(250))
        await clock.waitForSleepers()
      }
      return try await history.rejectedReadings(
        nil, organisation: fixture.organisation, PageRequest(limit: 4)
      ).items.count
    }
    // Nobody looked yet: it waits with the others.
    #expect(try await found(after: 10) == 0)
    #expect(try await found(after: 3) == 1)
  }

  @Test("retention drops whole chunks by data class, and old rejected readings", .clause("7.2.2b"))
  func retention() async throws {
    var options = TelemetryOptions()
    options.chunkDays = 1
    options.retentionDays = [.metering: 100, .diagnostic: 10]
    let fixture = try TelemetryFixture(options: options)
    defer { fixture.log.close() }
    let history = try await fixture.history()
    for day in 0..<30 {
      let values = "\"energyWh\":\(day),\"voltage\":1.\(day % 10)"
      try await fixture.telemetry(1, seq: day, at: .at(Int64(day) * -86_400), values)
    }
    try await history.foldAll()
    while try await history.retainStep(now: TelemetryFixture.now) {}
    #expect(try await history.samples(1, "energyWh").count == 30)
    #expect((10...11).contains(try await history.samples(1, "voltage").count))
    while try await history.retainStep(now: .at(86_400 * 1_000)) {}
    #expect(try await history.samples(1, "energyWh").isEmpty)
  }

  @Test("a model's next version keeps history and latest values by name, whatever the order and the decimals")
  func nextVersion() async throws {
    let fixture = try TelemetryFixture()
    defer { fixture.log.close() }
    let history = try await fixture.history()
    try await fixture.telemetry(1, seq: 0, at: .at(0), #""energyWh":5,"voltage":230.5"#)
    try await history.foldAll()
    let old = TelemetryFixture.model
    let voltage = ThingModel.Property(
      field: ThingModel.Field(
        key: "voltage", name: LocalName(chinese: "电压", english: "Voltage"), type: .decimal(scale: 3, 0...500_000)),
      dataClass: .diagnostic)
    fixture.put(
      ThingModel(
        key: old.key, version: 2, kind: old.kind, name: old.name, liveness: old.liveness,
        properties: [voltage, old.properties[0]]), devices: 5)
    try await fixture.telemetry(1, seq: 1, at: .at(1), #""energyWh":6,"voltage":230.125"#)
    #expect(try await history.samples(1, "voltage").map(\.value) == ["230.500", "230.125"])
    try await history.foldAll()
    #expect(try await history.samples(1, "voltage").map(\.value) == ["230.500", "230.125"])
    #expect(try await history.samples(1, "energyWh").map(\.value) == ["5", "6"])
  }

  @Test("reads while the folder moves on see every sample once")
  func readsWhileFolding() async throws {
    let fixture = try TelemetryFixture()
    defer { fixture.log.close() }
    let history = try await fixture.history()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        for second in 0..<150 {
          try await fixture.telemetry(1, seq: second, at: .at(Int64(second)), "\"energyWh\":\(second)")
          if second % 5 == 0 { _ = try await history.fold() }
        }
      }
      group.addTask {
        var seen = 0
        while seen < 150 {
          let samples = try await history.samples(1, "energyWh")
          #expect(samples == (0..<samples.count).map { Sampled(Int64($0), "\($0)") })
          #expect(samples.count >= seen)
          seen = samples.count
        }
      }
      try await group.waitForAll()
    }
  }
}
