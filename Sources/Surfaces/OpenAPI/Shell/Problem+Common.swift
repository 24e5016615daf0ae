import HTTPTypes

/// The problems of the HTTP side itself; the contexts' own come from their errors.
extension Problem {
  package static let unauthenticated = Problem(
    .unauthorized, "session.missing", "Nobody is signed in, or the session or key is no longer valid.",
    remedy: "Sign in with POST /api/v1/session, or send an API key as Authorization: Bearer.")

  package static func denied(_ permission: String) -> Problem {
    Problem(
      .forbidden, "permission.missing", "The permission \(permission) is missing.",
      remedy: "Ask an administrator of your organisation for it.")
  }

  package static let routeUnknown = Problem(
    .notFound, "route.unknown", "There is nothing at this path.",
    remedy: "Compare the path with /api/v1/openapi.json.")

  package static func notFound(_ what: String) -> Problem {
    Problem(
      .notFound, "\(what).unknown", "There is no such \(what), or it belongs to another organisation.",
      remedy: "Check the id.")
  }

  package static func methodNotAllowed(_ allow: String) -> Problem {
    Problem(
      .methodNotAllowed, "method.notAllowed", "This path does not take that method.",
      remedy: "Use one of: \(allow).", headers: [.allow: allow])
  }

  package static func malformed(_ detail: String) -> Problem {
    Problem(
      .badRequest, "body.malformed", detail,
      remedy: "Send UTF-8 JSON as RFC 8259 defines it, nested at most \(Limits.nestingMax) levels.")
  }

  package static func invalidBody(_ detail: String) -> Problem {
    Problem(
      .unprocessableContent, "body.invalid", detail,
      remedy: "Compare the body with the schema in /api/v1/openapi.json.")
  }

  package static func invalidParameter(_ name: String, _ detail: String) -> Problem {
    Problem(
      .badRequest, "parameter.invalid", "The parameter \(name) \(detail).",
      remedy: "Compare the parameters with /api/v1/openapi.json.")
  }

  /// - Parameter known: the names there are.
  package static func unknownParameter(_ name: String, known: [String]) -> Problem {
    Problem(
      .badRequest, "parameter.unknown", "The parameter \(name.prefix(64)) is not known here.",
      remedy: known.isEmpty ? "This path takes none." : "There are \(known.joined(separator: ", ")).")
  }

  package static let cursorInvalid = Problem(
    .badRequest, "cursor.invalid", "The cursor was not given by this server for this list and these filters.",
    remedy: "Begin again without a cursor, and pass nextCursor on unchanged.")

  package static func tooLarge(bytesMax: Int) -> Problem {
    var problem = Problem(
      .contentTooLarge, "body.tooLarge", "The body is larger than the \(bytesMax) bytes that this path takes.",
      remedy: "Send less at once.")
    problem.closes = true
    return problem
  }

  package static func mediaType(_ expected: String) -> Problem {
    Problem(
      .unsupportedMediaType, "body.mediaType", "The body's Content-Type is not \(expected).",
      remedy: "Send Content-Type: \(expected).")
  }

  package static let targetTooLong = Problem(
    .uriTooLong, "request.targetTooLong", "The path and query are longer than \(Limits.targetBytesMax) bytes.",
    remedy: "Use fewer or shorter parameters.")

  package static let crossOrigin = Problem(
    .forbidden, "request.crossOrigin",
    "The request changes something, carries a session cookie, and does not come from this site.",
    remedy: "Send it from a page of this site, or use an API key instead of the cookie.")

  package static func limited(retryAfterSeconds: Int) -> Problem {
    Problem(
      .tooManyRequests, "request.tooMany", "Too many requests.",
      remedy: "Wait for the seconds of Retry-After.", headers: [.retryAfter: String(retryAfterSeconds)])
  }

  package static let slow = Problem(
    .serviceUnavailable, "request.slow", "The answer took longer than the time limit, and was given up.",
    remedy: "Try again; ask for less at once.", headers: [.retryAfter: "1"])

  package static let preconditionMissing = Problem(
    .preconditionRequired, "precondition.missing", "The change needs to name the version it is based on.",
    remedy: "GET the resource and send its ETag as If-Match.")

  package static let stale = Problem(
    .preconditionFailed, "precondition.stale", "The resource has changed since the version in If-Match.",
    remedy: "GET it again and repeat the change on what is there now.")

  package static let broken = Problem(
    .internalServerError, "server.broken", "The server failed; the log has the details under this request's id.",
    remedy: "Try again; tell the operator the instance if it stays.")
}
