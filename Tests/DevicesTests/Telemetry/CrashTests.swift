import DurableLog
import Foundation
import Glibc
import Kernel
import SQLStore
import TestSupport
import Testing

@testable import Devices

/// Processes that are killed in the middle of their work: what was acknowledged must be there afterwards.
@Suite(.serialized)
struct CrashTests {
  /// One round: a process loads the intake in the folder, and dies.
  private struct Round {
    let folder: TemporaryFolder
    let number: Int
    var scenario = "intake"
    /// The shim's path, for a power cut.
    var powerCut: String?

    /// Runs until so many readings are acknowledged, then kills; takes back what was not synced, if asked.
    ///
    /// - Returns: what was acknowledged: numbers by device.
    func run(until count: Int) async throws -> [UInt32: Set<Int>] {
      let acknowledged = folder.path("acknowledged")
      try? FileManager.default.removeItem(atPath: acknowledged)
      let preloaded = powerCut.map { ["LD_PRELOAD": $0, "POWERCUT_JOURNAL": folder.path("journal")] } ?? [:]
      let probe = try await ChildProgram.start(
        .built("anju-crash-probe", [scenario, folder.url.path, "\(number)"], environment: preloaded))
      // By the size alone, and on a thread of its own: beside other tests the load would run on for long.
      try await blocking {
        while Self.size(acknowledged) < count * Self.lineBytesMax, probe.isRunning { usleep(1_000) }
        probe.send(signal: SIGKILL)
      }
      let end = await probe.kill()
      try #require(end == .signalled(SIGKILL), "the probe ended by itself: \(probe.output)")
      if powerCut != nil { _ = try PowerCut.takeBack(journal: folder.path("journal")) }
      return try Self.read(acknowledged)
    }

    /// A device of one digit, a blank, a number of six digits at most, an end of line.
    private static let lineBytesMax = 9

    private static func size(_ path: String) -> Int {
      var status = stat()
      return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    private static func read(_ path: String) throws -> [UInt32: Set<Int>] {
      var result: [UInt32: Set<Int>] = [:]
      for line in try String(contentsOf: URL(filePath: path), encoding: .utf8).split(separator: "\n") {
        let parts = line.split(separator: " ")
        if parts.count == 2, let device = UInt32(parts[0]), let number = Int(parts[1]) {
          result[device, default: []].insert(number)
        }
      }
      return result
    }

    /// What can be read of this round after a restart, over chunks and tail.
    func stored() async throws -> [UInt32: Set<Int>] {
      let fixture = try TelemetryFixture(folder: folder)
      defer { fixture.log.close() }
      let history = try await fixture.history()
      let start = TelemetryFixture.now.milliseconds - 1_000_000_000 + Int64(number) * 1_000_000
      var result: [UInt32: Set<Int>] = [:]
      for device in UInt32(1)...4 {
        var cursor: String?
        repeat {
          let query = HistoryQuery(
            property: "energyWh", from: Instant(milliseconds: start), to: Instant(milliseconds: start + 1_000_000),
            limit: 5_000, cursor: cursor)
          let page = try await history.history(DeviceNumber(device), query)
          guard case .samples(let samples, let next) = page else { break }
          for sample in samples {
            let number = Int(sample.at.milliseconds - start)
            #expect(sample.value == .integer(Int64(number)))
            result[device, default: []].insert(number)
          }
          cursor = next
        } while cursor != nil
      }
      await history.store.close()
      return result
    }

    /// Readings that were acknowledged and are not there.
    func lost(until count: Int) async throws -> (acknowledged: Int, lost: Int) {
      let acknowledged = try await run(until: count)
      let stored = try await stored()
      let lost = acknowledged.reduce(0) { $0 + $1.value.subtracting(stored[$1.key] ?? []).count }
      return (acknowledged.reduce(0) { $0 + $1.value.count }, lost)
    }
  }

  @Test("twenty kills under load lose nothing that was acknowledged", .clause("7.1.2d"))
  func kills() async throws {
    let folder = try TemporaryFolder()
    var random = SeededRandom(seed: 20)
    for number in 1...20 {
      let count = Int.random(in: 100...3_000, using: &random)
      let outcome = try await Round(folder: folder, number: number).lost(until: count)
      #expect(outcome.acknowledged >= count && outcome.lost == 0, "round \(number): \(outcome)")
    }
  }

  @Test("ten power cuts under load lose nothing that was acknowledged", .clause("7.1.2d"))
  func powerCuts() async throws {
    let folder = try TemporaryFolder()
    let library = try await PowerCut.library(in: folder.url)
    var random = SeededRandom(seed: 10)
    for number in 1...10 {
      let count = Int.random(in: 100...3_000, using: &random)
      let outcome = try await Round(folder: folder, number: number, powerCut: library).lost(until: count)
      #expect(outcome.acknowledged >= count && outcome.lost == 0, "round \(number): \(outcome)")
    }
  }

  @Test("the power cut is real: with synchronous=NORMAL it loses acknowledged readings")
  func normalLoses() async throws {
    let folder = try TemporaryFolder()
    let library = try await PowerCut.library(in: folder.url)
    let outcome = try await Round(folder: folder, number: 1, scenario: "intake-normal", powerCut: library)
      .lost(until: 2_000)
    #expect(outcome.lost > 0, "\(outcome)")
  }
}
