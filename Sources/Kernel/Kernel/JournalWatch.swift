import Logging
import ServiceLifecycle

/// Hears of entries that other processes recorded, by looking once an interval. One a process, and only where several
/// processes share a store.
package struct JournalWatch: Service {
  private let journal: Journal
  private let interval: Duration

  package init(journal: Journal, interval: Duration = .seconds(1)) {
    self.journal = journal
    self.interval = interval
  }

  package func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        do {
          let last = try await journal.last()
          if last > journal.work.signal.last { journal.work.signal.send(last) }
        } catch {
          journal.work.logger.warning("journal cannot be watched", metadata: ["error": "\(error)"])
        }
        try? await journal.work.time.sleep(for: interval)
      }
    }
  }
}
