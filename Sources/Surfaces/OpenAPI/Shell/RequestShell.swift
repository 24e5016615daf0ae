package import HTTPTypes
package import Hummingbird
package import Kernel
import Logging

/// The outermost middleware of all requests, API and pages: request id, log line, security headers, problems for the
/// paths under /api/.
///
/// The log has the route's template and not the path, and neither address nor name: no personal data.
package struct RequestShell: RouterMiddleware {
  private let time: Timekeeper

  package init(time: Timekeeper) {
    self.time = time
  }

  package func handle(
    _ request: Request, context: HTTPContext, next: @concurrent (Request, HTTPContext) async throws -> Response
  ) async throws -> Response {
    let started = time.now()
    var response: Response
    do {
      guard (request.head.path?.utf8.count ?? 0) <= Limits.targetBytesMax else { throw Problem.targetTooLong }
      response = try await next(request, context)
    } catch {
      guard let problem = Self.problem(error, isAPI: request.uri.path.hasPrefix("/api/"), context) else { throw error }
      response = problem.response(context: context)
    }
    for (name, value) in Self.securityHeaders where response.headers[name] == nil {
      response.headers[name] = value
    }
    response.headers[.requestID] = context.requestID
    context.logger.info(
      "request answered",
      metadata: [
        "http.method": "\(request.method.rawValue)",
        "http.route": "\(context.endpointPath ?? "none")",
        "http.status": "\(response.status.code)",
        "http.duration_us": "\(time.now().microseconds(since: started))",
      ])
    return response
  }

  /// The problem for an error; nil when it is a page's to show.
  static func problem(_ error: any Error, isAPI: Bool, _ context: HTTPContext) -> Problem? {
    switch error {
    case let problem as Problem: return problem
    case let error as any UseCaseError: return Problem(error)
    case let error as any HTTPResponseError where isAPI: return problem(status: error.status)
    case is any HTTPResponseError: return nil
    default:
      // The client went away or sent something unreadable: nobody to answer. Anything else is ours.
      if error is CancellationError { return Problem.slow }
      context.logger.error("request failed", metadata: ["error.type": "\(type(of: error))", "error": "\(error)"])
      return .broken
    }
  }

  private static func problem(status: HTTPResponse.Status) -> Problem {
    switch status {
    case .notFound: .routeUnknown
    case .contentTooLarge: .tooLarge(bytesMax: Limits.bodyBytesDefault)
    case .badRequest: .malformed("The request can not be read.")
    default:
      Problem(status, "request.refused", "The request was refused: \(status.reasonPhrase).", remedy: "Correct it.")
    }
  }

  /// Sent with every answer that has not set its own. Pages set their own content security policy.
  package static let securityHeaders: [(HTTPField.Name, String)] = [
    (.strictTransportSecurity, "max-age=31536000"),
    (.xContentTypeOptions, "nosniff"),
    (.referrerPolicy, "no-referrer"),
    (.frameOptions, "DENY"),
    (.crossOriginOpener, "same-origin"),
    (.crossOriginResource, "same-origin"),
    (.contentSecurityPolicy, "default-src 'none'; frame-ancestors 'none'"),
  ]
}

extension HTTPField.Name {
  // The initialisers fail only on characters that a header name can not have; these are constant tokens.
  package static let requestID = known("X-Request-ID")
  package static let idempotencyKey = known("Idempotency-Key")
  package static let fetchSite = known("Sec-Fetch-Site")
  package static let lastEventID = known("Last-Event-ID")
  static let referrerPolicy = known("Referrer-Policy")
  static let frameOptions = known("X-Frame-Options")
  static let crossOriginOpener = known("Cross-Origin-Opener-Policy")
  static let crossOriginResource = known("Cross-Origin-Resource-Policy")

  private static func known(_ name: String) -> HTTPField.Name {
    guard let field = HTTPField.Name(name) else { preconditionFailure("not a header name: \(name)") }
    return field
  }
}
