import Devices
import DurableLog
import Kernel

extension BenchServer {
  /// Answers what the measuring process asks in one line:
  /// - `stored`: messages that the log has committed;
  /// - `taken`: devices whose last values can all be read, then readings that were rejected (at most 100 are counted);
  /// - `alarms`: events of devices in the journal, each handled once.
  func answer(_ question: String) async -> String {
    do {
      switch question {
      case "stored": return String(log.figures.records)
      case "taken": return "\(complete) \(try await rejected())"
      case "alarms": return String(try await events())
      default: return "unknown question"
      }
    } catch {
      return "failed: \(error)"
    }
  }

  private var complete: Int {
    devices.directory.snapshot().entries.reduce(0) { sum, entry in
      sum + (Set(latest.values(entry).map(\.property)).isSuperset(of: BenchFleet.properties) ? 1 : 0)
    }
  }

  private func rejected() async throws -> Int {
    try await devices.rejectedReadings(nil, PageRequest(limit: 100), by: BenchFleet.principal).items.count
  }

  private func events() async throws -> Int {
    var (count, last) = (0, Int64(0))
    while true {
      let page = try await journal.read(after: last, kinds: [DeviceEventRaised.kind], limit: Journal.limitMax)
      guard let end = page.last else { return count }
      last = end.sequence
      count += page.count
    }
  }
}
