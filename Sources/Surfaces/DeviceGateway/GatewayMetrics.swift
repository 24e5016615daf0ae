import Devices
import Logging
import Metrics
import Synchronization

/// What the gateway counts. One object a loop gathers in plain variables and hands over once a tick.
final class GatewayMetrics: @unchecked Sendable {
  // Unchecked: the variables are touched on one event loop only; the instruments are thread-safe.

  /// Messages that were recorded as rejected.
  var rejected = 0
  private var messages = [Int](repeating: 0, count: UpChannel.allCases.count + 1)
  private let counters: [Counter]
  private let rejectedCounter = Counter(label: "anju_devicegateway_messages_rejected_total")
  private let failedCounter = Counter(label: "anju_devicegateway_commits_failed_total")
  private let pausedGauge = Gauge(label: "anju_devicegateway_connections_paused")
  private let logger: Logger

  /// Connections of the whole process that are not read from now.
  private static let pausedCount = Mutex(0)

  init(logger: Logger) {
    self.logger = logger
    counters = UpChannel.allCases.map { channel in
      Counter(label: "anju_devicegateway_messages_total", dimensions: [("channel", channel.name)])
    }
  }

  func count(_ channel: UpChannel) { messages[Int(channel.rawValue)] += 1 }

  /// Hands over what was counted in a tick.
  func flush() {
    for (place, channel) in UpChannel.allCases.enumerated() where messages[Int(channel.rawValue)] > 0 {
      counters[place].increment(by: messages[Int(channel.rawValue)])
      messages[Int(channel.rawValue)] = 0
    }
    guard rejected > 0 else { return }
    rejectedCounter.increment(by: rejected)
    rejected = 0
  }

  func paused(_ difference: Int) {
    guard difference != 0 else { return }
    let count = Self.pausedCount.withLock { count in
      count += difference
      return count
    }
    pausedGauge.record(count)
  }

  func commitFailed(_ error: any Error) {
    failedCounter.increment()
    logger.error("messages could not be made durable and are not acknowledged", metadata: ["error": "\(error)"])
  }
}
