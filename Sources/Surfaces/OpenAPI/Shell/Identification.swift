import HTTPTypes
package import Hummingbird
package import Kernel

/// How a request's cookie or key becomes a principal: the port to Accounts.
package struct Identify: Sendable {
  /// The principal of a session's token; nil when the session does not exist or has ended.
  package let session: @Sendable (_ token: String, _ origin: Origin) async throws -> Principal?
  /// The principal of an API key; nil when it does not exist, has expired or was revoked.
  package let key: @Sendable (_ key: String, _ origin: Origin) async throws -> Principal?

  package init(
    session: @escaping @Sendable (String, Origin) async throws -> Principal?,
    key: @escaping @Sendable (String, Origin) async throws -> Principal?
  ) {
    self.session = session
    self.key = key
  }

  /// The principal behind a proof, asked anew.
  package func principal(_ proof: Caller.Proof, from origin: Origin) async throws -> Principal? {
    switch proof {
    case .cookie(let token): try await session(token, origin)
    case .bearer(let token): try await key(token, origin)
    }
  }

  /// The same caller, asked anew; nil when the session has ended or the key is no longer valid.
  package func principal(of caller: Caller) async throws -> Principal? {
    try await principal(caller.proof, from: caller.principal.origin)
  }
}

/// Finds out who asks, for pages and API; asking nobody is not an error here, the endpoint decides.
///
/// A Bearer header wins over a cookie, and a wrong one is an error at once: a system with a bad key must not be
/// taken for the person whose cookie happens to be there.
package struct Identification: RouterMiddleware {
  private let identify: Identify
  private let failures: RateLimiter

  /// - Parameter failures: limits an address's wrong tokens.
  package init(_ identify: Identify, failures: RateLimiter) {
    self.identify = identify
    self.failures = failures
  }

  package func handle(
    _ request: Request, context: HTTPContext, next: @concurrent (Request, HTTPContext) async throws -> Response
  ) async throws -> Response {
    guard let proof = Self.proof(request) else { return try await next(request, context) }
    try failures.check(context.peerAddress)
    var context = context
    if let principal = try await identify.principal(proof, from: context.origin(request)) {
      context.caller = Caller(principal: principal, proof: proof)
    } else {
      try failures.take(context.peerAddress)
      if case .bearer = proof { throw Problem.unauthenticated }
    }
    return try await next(request, context)
  }

  static func proof(_ request: Request) -> Caller.Proof? {
    if let header = request.headers[.authorization] {
      let parts = header.split(separator: " ", maxSplits: 1)
      guard parts.count == 2, parts[0].lowercased() == "bearer", parts[1].utf8.count <= 256 else {
        return .bearer(token: "")
      }
      return .bearer(token: String(parts[1]))
    }
    guard let token = SessionCookie.token(request) else { return nil }
    return .cookie(token: token)
  }
}

/// The session's cookie: unreadable to scripts, sent only over TLS, only to this host, never from another site.
package enum SessionCookie {
  /// The prefix makes browsers refuse it unless it is Secure, for this host alone and for every path.
  package static let name = "__Host-anju"

  /// The token in the request's cookie.
  package static func token(_ request: Request) -> String? {
    guard let value = request.cookies[name]?.value, !value.isEmpty, value.utf8.count <= 256 else { return nil }
    return value
  }

  /// The header that gives a browser the session, for so many seconds.
  package static func give(_ token: String, secondsMax: Int) -> String {
    "\(name)=\(token); Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=\(secondsMax)"
  }

  /// The header that takes it away.
  package static let take = "\(name)=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0"
}
