import DurableLog
package import Kernel
package import Logging
import ServiceLifecycle
import Synchronization

/// Works behind the acknowledgements: folds the log's tail into the history when there is enough of it or it is old
/// enough, stands back while acknowledgements wait, and drops what has outlived its retention.
package struct TelemetryFolder: Service {
  private let history: TelemetryHistory
  private let time: Timekeeper
  private let logger: Logger

  package init(history: TelemetryHistory, time: Timekeeper, logger: Logger) {
    self.history = history
    self.time = time
    self.logger = logger
  }

  package func run() async throws {
    await cancelWhenGracefulShutdown {
      var pace = Pace(now: time.now())
      while !Task.isCancelled {
        do {
          try await turn(&pace)
          try await time.sleep(for: .milliseconds(250))
        } catch is CancellationError {
          return
        } catch {
          if Task.isCancelled { return }
          // The log keeps what is not folded: nothing is lost by waiting.
          logger.error("folding failed", metadata: ["error": "\(error)"])
          try? await time.sleep(for: .seconds(5))
        }
      }
    }
  }

  private func turn(_ pace: inout Pace) async throws {
    let now = time.now()
    if pace.isDue(history, now: now) {
      let folded = try await history.fold()
      if !folded.isMore { pace.caughtUp(now, history.log.figures) }
    }
    if pace.isRetentionDue(now) {
      pace.retentionDone(now, isMore: try await history.retainStep(now: now))
    }
  }

  /// When to fold.
  private struct Pace {
    private var lastFold: Instant
    private var nextRetention: Instant?
    private var isWatched = false
    private var bytesThen: Int64 = 0
    private var recordsThen: Int64 = 0
    /// At the start there may be a tail from before, of unknown size.
    private var isBehind = true

    init(now: Instant) {
      lastFold = now
    }

    mutating func isDue(_ history: TelemetryHistory, now: Instant) -> Bool {
      history.isWatched.withLock { isWatched in
        if isWatched { self.isWatched = true }
        isWatched = false
      }
      let figures = history.log.figures
      let options = history.options
      let bytes = figures.bytes - bytesThen
      let records = figures.records - recordsThen
      if history.log.waitingBytes > options.yieldWaitingBytes, bytes < options.yieldBytesMax { return false }
      if isBehind || bytes >= options.foldBytes { return true }
      guard records > 0 else { return false }
      let seconds = now.microseconds(since: lastFold) / 1_000_000
      if seconds >= options.foldSecondsMax { return true }
      return (isWatched || records <= options.foldSoonRecordsMax) && seconds >= options.foldSecondsMin
    }

    mutating func caughtUp(_ now: Instant, _ figures: DurableLog.Figures) {
      lastFold = now
      isBehind = false
      isWatched = false
      bytesThen = figures.bytes
      recordsThen = figures.records
    }

    func isRetentionDue(_ now: Instant) -> Bool {
      guard let nextRetention else { return true }
      return now >= nextRetention
    }

    /// Small steps a second apart while there is something to drop, else every ten minutes.
    mutating func retentionDone(_ now: Instant, isMore: Bool) {
      nextRetention = now.advanced(by: isMore ? .seconds(1) : .seconds(600))
    }
  }
}
