package import Audit
import HTTPTypes
package import Hummingbird
package import Kernel
import Logging

/// Writes into the audit log that somebody was refused: whoever is signed in and asks for what they may not have.
///
/// It stands behind `Identification`, for pages and API. A principal that is refused again and again fills the log no
/// faster than `Self.limiter` lets it; the others stay in the program's own log.
package struct RefusalAudit: RouterMiddleware {
  private let audit: AuditLog
  private let limiter: RateLimiter

  package init(_ audit: AuditLog, time: Timekeeper) {
    self.audit = audit
    limiter = RateLimiter(burst: 20, perSecond: 0.1, time: time)
  }

  package func handle(
    _ request: Request, context: HTTPContext, next: @concurrent (Request, HTTPContext) async throws -> Response
  ) async throws -> Response {
    do {
      let response = try await next(request, context)
      if response.status == .forbidden { await note(request, context, code: nil) }
      return response
    } catch let problem as Problem where problem.status == .forbidden {
      await note(request, context, code: problem.code)
      throw problem
    } catch let error as any UseCaseError where error.kind == .denied {
      await note(request, context, code: error.code)
      throw error
    }
  }

  /// Not being able to write it changes nothing for who asked: nothing was done.
  private func note(_ request: Request, _ context: HTTPContext, code: String?) async {
    guard let principal = context.caller?.principal else { return }
    do {
      try limiter.take(principal.id.description)
      let path = String(request.uri.path.prefix(AuditEvent.nameCharactersMax))
      var details: [AuditDetail] = [.plain("method", request.method.rawValue)]
      if let code { details.append(.plain("code", code)) }
      try await audit.note(
        AuditEvent(.act, "request", path.isEmpty ? "/" : path, by: principal, outcome: .refused, details: details))
    } catch is Problem {
      context.logger.notice("refusal not audited: too many", metadata: ["principal.id": "\(principal.id)"])
    } catch {
      context.logger.error("refusal not audited", metadata: ["error": "\(error)"])
    }
  }
}
