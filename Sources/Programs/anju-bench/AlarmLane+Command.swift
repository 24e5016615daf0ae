import ArgumentParser
import Foundation
import Histogram
import LoadGenerator

struct AlarmLaneCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "alarm-lane",
    abstract: """
      How long an alarm's acknowledgement takes while telemetry saturates the intake; target p99 at most 20 ms.
      """)

  @Option(help: "Telemetry connections, window 20 each.")
  var connections = 1_000

  @Option(help: "Alarms a second from ten devices.")
  var alarms = 100.0

  @Option(help: "Measured seconds (1 to 60).")
  var seconds = 10.0

  func run() async throws {
    let bench = try Bench(devices: connections + 10)
    defer { bench.remove() }
    print("machine: \(Machine.description)")
    try bench.withServer { server in
      // The telemetry comes from a generator in a thread of its own; the alarms are timed here.
      let telemetry = Telemetry(plan: plan(server, seconds + 3))
      telemetry.start()
      var plan = LoadPlan(
        port: server.plainPort, connections: 10, security: .plain,
        work: .pace(messagesPerSecond: alarms, window: 20))
      plan.firstDevice = connections
      plan.channel = "event"
      plan.content = #""event":"coverOpened","values":{}"#
      plan.warmUpSeconds = 2
      plan.measuredSeconds = seconds
      var generator = try LoadGenerator(plan: plan)
      let report = try generator.run()
      let load = telemetry.wait()
      try server.requireAlarms(atLeast: report.acknowledgedInAll)
      let delays = [50, 99, 99.9].map { Double(report.latencyMicroseconds.valueAtPercentile($0)) / 1_000 }
      print(
        String(
          format: "telemetry %.0f msg/s; "
            + "alarms %.0f/s acknowledged in p50 %.2f, p99 %.2f, p99.9 %.2f ms (target p99 20)",
          load, report.messagesPerSecond, delays[0], delays[1], delays[2]))
    }
  }

  private func plan(_ server: ServerProcess, _ seconds: Double) -> LoadPlan {
    var plan = LoadPlan(
      port: server.plainPort, connections: connections, security: .plain, work: .saturate(window: 20))
    plan.measuredSeconds = seconds
    return plan
  }
}

/// Telemetry from a thread of its own.
private final class Telemetry: @unchecked Sendable {
  // Proven: `rate` is written by the thread before it signals, and read after the wait for that signal.
  private let plan: LoadPlan
  private let done = DispatchSemaphore(value: 0)
  private var rate = 0.0

  init(plan: LoadPlan) { self.plan = plan }

  func start() {
    Thread.detachNewThread { [self] in
      if var generator = try? LoadGenerator(plan: plan), let report = try? generator.run() {
        rate = report.messagesPerSecond
      }
      done.signal()
    }
  }

  func wait() -> Double {
    done.wait()
    return rate
  }
}
