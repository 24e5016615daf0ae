import Logging
import ServiceLifecycle
import SQLStore

/// Reacts to the journal, each entry exactly once: what a reaction writes and the reader's place are one commit.
///
/// An entry whose reaction throws is tried `attemptsMax` times with growing pauses, then parked: its place, error and
/// number of attempts are kept in `journal_parked`, an error is logged, and the reader goes on with the next. Errors of
/// the store itself (busy, disconnected, full) park nothing; they are waited out.
package struct JournalReader: Service {
  /// How often an entry is tried before it is parked.
  package static let attemptsMax = 5
  /// The pause after the first failure; each later one is twice as long, up to `pauseMax`.
  static let pauseFirst: Duration = .milliseconds(200)
  static let pauseMax: Duration = .seconds(10)
  /// An unheard wake-up is made good for after so long.
  static let pollInterval: Duration = .seconds(5)
  /// How many entries of other kinds are stepped over before the place is written down without an effect.
  static let skippedMax: Int64 = 1_000

  /// What a reaction does, inside the transaction that moves the place on. It may run more than once, its effect
  /// stays once.
  package typealias Reaction = @Sendable (Unit, JournalEntry) throws -> Void

  let name: String
  let kinds: Set<String>?
  let work: Work
  let journal: Journal
  let batchMax: Int
  let react: Reaction

  /// - Parameters:
  ///   - name: of the reader's place: stable, one reaction one name.
  ///   - kinds: which entries it wants; nil for all.
  ///   - batchMax: how many entries share one commit, 1 to `Journal.limitMax`.
  package init(
    name: String, kinds: Set<String>?, work: Work, journal: Journal, batchMax: Int = 100, react: @escaping Reaction
  ) {
    self.name = name
    self.kinds = kinds
    self.work = work
    self.journal = journal
    self.batchMax = max(1, min(batchMax, Journal.limitMax))
    self.react = react
  }

  package func run() async throws {
    await cancelWhenGracefulShutdown {
      let (bell, ring) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
      ring.yield()
      await withDiscardingTaskGroup { group in
        let changes = journal.changes()
        group.addTask { for await _ in changes { ring.yield() } }
        group.addTask {
          while !Task.isCancelled {
            try? await work.time.sleep(for: Self.pollInterval)
            ring.yield()
          }
        }
        var progress = Progress()
        for await _ in bell {
          await catchUp(&progress)
          if Task.isCancelled { break }
        }
        group.cancelAll()
      }
    }
  }

  /// Reacts to all that is there now, then returns; the store's own errors are thrown.
  package func drain() async throws {
    var progress = Progress()
    while try await step(&progress) {}
  }

  /// Where a running reader is, in memory only.
  struct Progress: Sendable {
    /// Every entry up to here was reacted to or is of another kind.
    var seen: Int64 = 0
    /// The failing entry and how often it failed.
    var failing: (sequence: Int64, attempts: Int)?
    var storeFailures = 0
  }

  private func catchUp(_ progress: inout Progress) async {
    while !Task.isCancelled {
      do {
        guard try await step(&progress) else { return }
        progress.storeFailures = 0
      } catch {
        if Task.isCancelled { return }
        progress.storeFailures += 1
        work.logger.warning(
          "journal reader waits for the store", metadata: ["journal.reader": "\(name)", "error": "\(error)"])
        try? await work.time.sleep(for: Self.pause(after: progress.storeFailures))
      }
    }
  }

  static func pause(after failures: Int) -> Duration {
    min(pauseMax, pauseFirst * (1 << min(failures - 1, 10)))
  }
}
