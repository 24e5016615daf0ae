import DeviceKit
import Foundation
import Testing
import TestSupport

@testable import VirtualBuilding

/// Kills a process of devices (-9) between memory and acknowledgement.
@Suite("Killed devices", .serialized)
struct KillTests {
  @Test("a process killed between memory and acknowledgement sends again what it had, under the same numbers",
    .clause("6.1.2e", "6.3.2b"), .timeLimit(.minutes(10)))
  func kill() async throws {
    let platform = try DevicePlatform()
    let port = try await platform.listen(isTLS: false)
    let folder = try TemporaryFolder()
    var seen: [Set<DevicePlatform.Message>] = []
    for round in 0..<5 {
      platform.hold()
      let process = try await start(port: port, memory: folder.path("flash.db"))
      let boot = "{\"boot\":\(round + 1),"
      #expect(await platform.waits { platform in
        platform.messages.contains { $0.topic == "anju/1/LK-0101/telemetry" && $0.payload.hasPrefix(boot) }
      })
      let unacknowledged = platform.messages.filter {
        $0.topic == "anju/1/LK-0101/telemetry" && $0.payload.hasPrefix(boot)
      }
      seen.append(Set(unacknowledged))
      try await becomesDurable(folder.path("flash.db"), unacknowledged)
      #expect(await process.kill() == .signalled(SIGKILL), "\(process.output)")
      #expect(await platform.waits { $0.online.isEmpty })
    }
    let before = platform.messages.count
    platform.release()
    let process = try await start(port: port, memory: folder.path("flash.db"))
    let wanted = seen.reduce(into: Set()) { $0.formUnion($1) }
    #expect(wanted.count >= 5)
    #expect(await platform.waits { wanted.isSubset(of: Set($0.messages[before...])) })
    await process.kill()
    await platform.close()
  }

  /// Waits until the messages are in the devices' memory, committed; the write goes on beside the sending.
  private func becomesDurable(_ path: String, _ messages: [DevicePlatform.Message]) async throws {
    let memory = try FlashFile(path: path).drive("LK-0101")
    let wanted = Set(messages.map { Array($0.payload.utf8) })
    try await until {
      let kept = try memory.load().filter { $0.key.hasPrefix("o/") }.values.map { Array($0.dropFirst(2)) }
      return wanted.isSubset(of: kept)
    }
  }

  private func start(port: Int, memory: String) async throws -> ChildProgram {
    try await ChildProgram.start(.built("anju-building", [
      "run", "--plain", "--platform", "127.0.0.1:\(port)", "--floors", "1", "--rooms", "1", "--control", "0",
      "--memory", memory, "--spread", "0", "--log", "error",
    ]))
  }
}
