import Foundation

/// Reads how busy the whole machine is from /proc/stat: what others take while a figure is measured falsifies it.
package struct MachineMeter: Sendable {
  /// CPU seconds since the machine started, of all processors.
  package struct Reading: Sendable {
    /// Spent in any process or in the kernel, or taken by the host for another machine.
    package let busy: Double
    package let all: Double

    /// The part of the processors that was in use from an earlier reading to this one: 0 to 1.
    package func busyShare(since earlier: Reading) -> Double {
      all > earlier.all ? (busy - earlier.busy) / (all - earlier.all) : 0
    }
  }

  package init() {}

  package func read() -> Reading {
    let text = (try? String(contentsOfFile: "/proc/stat", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n", maxSplits: 1).first ?? ""
    // user, nice, system, idle, iowait, irq, softirq, steal; what follows is counted in user and nice already.
    let ticks = line.split(separator: " ").dropFirst().prefix(8).compactMap { Double($0) }
    guard ticks.count == 8 else { return Reading(busy: 0, all: 0) }
    let all = ticks.reduce(0, +)
    return Reading(busy: (all - ticks[3] - ticks[4]) / 100, all: all / 100)
  }
}

/// CPU seconds used so far, at one moment.
struct Usage {
  var server = 0.0
  /// This process, with the subscriber's thread.
  var own = 0.0
  var machine = MachineMeter.Reading(busy: 0, all: 0)

  static func now(_ server: ProcessMeter?) -> Usage {
    let own = ProcessMeter(pid: ProcessInfo.processInfo.processIdentifier)
    return Usage(server: server?.cpuSeconds() ?? 0, own: own.cpuSeconds(), machine: MachineMeter().read())
  }
}
