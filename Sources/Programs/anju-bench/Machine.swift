import Foundation
import Glibc
import LoadGenerator

/// The machine a figure was measured on; a figure without it says nothing.
enum Machine {
  static var description: String {
    let processor = field("/proc/cpuinfo", "model name") ?? "unknown processor"
    let cores = ProcessInfo.processInfo.activeProcessorCount
    let memory = ProcessInfo.processInfo.physicalMemory / (1 << 30)
    let system = field("/etc/os-release", "PRETTY_NAME")?.replacingOccurrences(of: "\"", with: "") ?? "Linux"
    let kernel = (try? String(contentsOfFile: "/proc/sys/kernel/osrelease", encoding: .utf8))?
      .trimmingCharacters(in: .whitespacesAndNewlines) ?? "?"
    return "\(processor), \(cores) cores, \(memory) GiB, \(system), Linux \(kernel)"
  }

  /// Waits until others leave nine tenths of the processors for two seconds, at most `secondsMax`.
  static func awaitQuiet(secondsMax: Int) {
    let meter = MachineMeter()
    var before = meter.read()
    for _ in 0..<secondsMax / 2 {
      sleep(2)
      let now = meter.read()
      if now.busyShare(since: before) < 0.1 { return }
      before = now
    }
  }

  private static func field(_ file: String, _ name: String) -> String? {
    let text = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
    return line?.split(separator: file.hasSuffix("cpuinfo") ? ":" : "=", maxSplits: 1).last
      .map { $0.trimmingCharacters(in: .whitespaces) }
  }
}
