import Foundation

/// Reads a process's CPU time and memory from /proc.
package struct ProcessMeter: Sendable {
  private let pid: Int32

  package init(pid: Int32) {
    self.pid = pid
  }

  /// CPU seconds of all its threads so far, to the nanosecond; zero when it is gone.
  package func cpuSeconds() -> Double {
    let folder = "/proc/\(pid)/task"
    let threads = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return threads.reduce(0) { sum, thread in
      let text = (try? String(contentsOfFile: "\(folder)/\(thread)/schedstat", encoding: .utf8)) ?? ""
      return sum + (text.split(separator: " ").first.flatMap { Double($0) } ?? 0) / 1e9
    }
  }

  /// Resident memory in KiB; zero when the process is gone.
  package func residentKiB() -> Int {
    let status = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
    guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") }) else { return 0 }
    return line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
  }
}
