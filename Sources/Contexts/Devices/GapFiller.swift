import Kernel
import Logging
import ServiceLifecycle
import Synchronization
import WireFormats

/// Asks connected devices again for message numbers that never came (补报), with growing pauses and a limit: what a
/// device no longer has stays missing and shows in its completeness.
package final class GapFiller: Service {
  static let turn: Duration = .seconds(10)
  /// The pause before the first asking, since numbers may just be under way; doubles up to `pauseMax`.
  static let pauseFirst: Duration = .seconds(20)
  static let pauseMax: Duration = .seconds(3_600)
  /// How often a device is asked for the same numbers in one connection.
  static let attemptsMax = 6
  /// Ranges of one message.
  static let rangesMax = 32
  /// Numbers of one message; a longer range is asked for in parts.
  static let numbersMax: Int64 = 2_000

  private struct Asked {
    var ranges: [SequenceRange]
    let connection: Instant
    var next: Instant
    var times: Int
  }

  private let devices: Devices
  private let asked = Mutex<[DeviceNumber: Asked]>([:])

  package init(devices: Devices) {
    self.devices = devices
  }

  package func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        do { try await self.sweep() } catch {
          self.devices.work.logger.warning("gaps cannot be read", metadata: ["error": "\(error)"])
        }
        try? await self.devices.work.time.sleep(for: Self.turn)
      }
    }
  }

  /// Looks at every device that is connected here.
  package func sweep() async throws {
    guard let sessions = devices.links.sessions, let archive = devices.links.archive else { return }
    let connected = sessions.connectedDevices()
    let present = Set(connected)
    asked.withLock { asked in asked = asked.filter { present.contains($0.key) } }
    for number in connected {
      guard let connection = sessions.connectedSince(number) else { continue }
      let missing = Self.portion(try await archive.missing(number, limit: Self.rangesMax))
      let isDue = note(missing, of: number, connection, at: devices.work.time.now())
      if isDue { _ = sessions.deliver(Self.message(missing), to: number) }
    }
  }

  /// Notes what is missing.
  ///
  /// - Returns: whether to ask for it now.
  private func note(
    _ missing: [SequenceRange], of number: DeviceNumber, _ connection: Instant, at now: Instant
  ) -> Bool {
    asked.withLock { asked in
      guard !missing.isEmpty else {
        asked[number] = nil
        return false
      }
      guard var before = asked[number], before.connection == connection, before.ranges == missing else {
        // New or partly filled: the counting begins anew.
        asked[number] = Asked(
          ranges: missing, connection: connection, next: now.advanced(by: Self.pauseFirst), times: 0)
        return false
      }
      guard now >= before.next, before.times < Self.attemptsMax else { return false }
      before.times += 1
      before.next = now.advanced(by: min(Self.pauseMax, Self.pauseFirst * (1 << before.times)))
      asked[number] = before
      return true
    }
  }

  /// The oldest ranges, cut to `numbersMax` numbers.
  static func portion(_ ranges: [SequenceRange]) -> [SequenceRange] {
    var left = numbersMax
    var portion: [SequenceRange] = []
    for range in ranges.prefix(rangesMax) where left > 0 {
      let to = min(range.to, range.from + left - 1)
      portion.append(SequenceRange(boot: range.boot, from: range.from, to: to))
      left -= to - range.from + 1
    }
    return portion
  }

  /// As the device reads it (docs/device-protocol.md).
  static func message(_ ranges: [SequenceRange]) -> DownMessage {
    var writer = JSONWriter()
    writer.beginMap()
    writer.key("ranges")
    writer.beginList()
    for range in ranges {
      writer.beginMap()
      writer.key("boot")
      writer.integer(range.boot)
      writer.key("from")
      writer.integer(range.from)
      writer.key("to")
      writer.integer(range.to)
      writer.endMap()
    }
    writer.endList()
    writer.endMap()
    return DownMessage(channel: .resend, payload: writer.bytes)
  }
}
