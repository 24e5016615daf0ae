package import Kernel
import Logging
import ServiceLifecycle

/// Makes copies, works retention off and takes held erasures up again, in small steps; one a process. Several processes
/// over one store may run it: a step that another one did is not done twice.
package struct PrivacyKeeper: Service {
  /// An unheard wake-up is made good for after so long.
  static let pollInterval: Duration = .seconds(30)
  static let pauseAfterFailure: Duration = .seconds(5)

  let privacy: Privacy
  let journal: Journal
  let organisations: @Sendable () async throws -> [ID<Organisation>]

  /// - Parameter organisations: those whose data's time is looked after.
  package init(
    privacy: Privacy, journal: Journal, organisations: @escaping @Sendable () async throws -> [ID<Organisation>]
  ) {
    self.privacy = privacy
    self.journal = journal
    self.organisations = organisations
  }

  package func run() async throws {
    await cancelWhenGracefulShutdown {
      let (bell, ring) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
      ring.yield()
      await withDiscardingTaskGroup { group in
        let changes = journal.changes()
        let time = privacy.work.time
        group.addTask { for await _ in changes { ring.yield() } }
        group.addTask {
          while !Task.isCancelled {
            try? await time.sleep(for: Self.pollInterval)
            ring.yield()
          }
        }
        for await _ in bell {
          do {
            try await work()
          } catch {
            if Task.isCancelled { break }
            privacy.work.logger.warning("privacy work waits", metadata: ["error.type": "\(type(of: error))"])
            try? await time.sleep(for: Self.pauseAfterFailure)
          }
          if Task.isCancelled { break }
        }
        group.cancelAll()
      }
    }
  }

  /// All that is there to do now.
  package func work() async throws {
    try await privacy.beginDueRetention(organisations())
    try await privacy.resumeHeld()
    while try await privacy.exportStep() { try Task.checkCancellation() }
    while try await privacy.retentionStep() { try Task.checkCancellation() }
  }
}
