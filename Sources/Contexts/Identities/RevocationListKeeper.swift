import Kernel
import Logging
import ServiceLifecycle

/// Makes revocation lists before the ones that are there end, and those that lack a revocation; one a process. Several
/// processes over one store may run it: a list that another one made is not made twice.
package struct RevocationListKeeper: Service {
  /// How often it looks.
  static let pollInterval: Duration = .seconds(60)
  private let identities: Identities

  package init(identities: Identities) {
    self.identities = identities
  }

  package func run() async throws {
    let work = identities.work
    try? await cancelWhenGracefulShutdown {
      var failing: String?
      while !Task.isCancelled {
        do throws(IdentitiesError) {
          _ = try await identities.publishDue()
          failing = nil
        } catch {
          // Said once: the lists that are there go on being given out for days.
          if failing != error.code, !Task.isCancelled {
            work.logger.warning("revocation lists wait", metadata: ["error.code": "\(error.code)"])
          }
          failing = error.code
        }
        try await work.time.sleep(for: Self.pollInterval)
      }
    }
  }
}
