import Foundation
import Histogram
import LoadGenerator

/// One line of the intake table: ours, the peer's, the ratio.
struct IntakeRow {
  let item: IntakeCase
  let ours: LoadReport
  let mosquitto: LoadReport?
  /// The part of what mosquitto acknowledged that its subscriber had when the measuring ended.
  var delivered = 1.0

  static let heading = """
    | connections × window | ours msg/s | ack p50, p99, p99.9 ms | CPU µs/msg | KiB/conn | mosquitto msg/s \
    | ack p50, p99, p99.9 ms | CPU µs/msg | KiB/conn | delivered | rate ratio \
    | p99 ratio | others' CPU |
    |---|---|---|---|---|---|---|---|---|---|---|---|---|
    """

  var line: String {
    let ratio = mosquitto.map { number(ours.messagesPerSecond / max($0.messagesPerSecond, 1), 2) } ?? "–"
    let delays = mosquitto.map { number(p99(ours) / max(p99($0), 1), 2) } ?? "–"
    let peer = mosquitto.map { columns($0) + " | \(number(delivered * 100, 0)) %" } ?? "– | – | – | – | –"
    let others = [ours, mosquitto].compactMap { $0 }.map { number($0.othersShare * 100, 0) + " %" }
    return "| \(item.name) | \(columns(ours)) | \(peer) | \(ratio) | \(delays) | \(others.joined(separator: ", ")) |"
  }

  private func p99(_ report: LoadReport) -> Double { Double(report.latencyMicroseconds.valueAtPercentile(99)) }

  private func columns(_ report: LoadReport) -> String {
    let delays = [50, 99, 99.9].map {
      number(Double(report.latencyMicroseconds.valueAtPercentile($0)) / 1_000, 2)
    }
    let memory = Double(report.server.residentKiB - report.server.residentKiBBefore) / Double(report.connections)
    let lost = report.lost + report.skipped > 0 ? " (lost \(report.lost), skipped \(report.skipped))" : ""
    return [
      number(report.messagesPerSecond, 0) + lost, delays.joined(separator: ", "),
      number(report.serverMicrosecondsPerMessage, 2), number(memory, 1),
    ].joined(separator: " | ")
  }

  private func number(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }

  /// The row whose ratio (or rate, without a peer) is in the middle; of p99 where the rate is given.
  static func median(_ rows: [IntakeRow]) -> IntakeRow {
    let sorted = rows.sorted { $0.rank < $1.rank }
    return sorted[sorted.count / 2]
  }

  private var rank: Double {
    if item.messagesPerSecond != nil { return p99(ours) / max(mosquitto.map(p99) ?? 1, 1) }
    let peer = mosquitto?.messagesPerSecond ?? 1
    return ours.messagesPerSecond / max(peer, 1)
  }
}
