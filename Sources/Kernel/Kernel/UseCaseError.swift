/// An error that a use case answers with. One enum a family of use cases; one middleware turns it into problem+json.
package protocol UseCaseError: Error, Sendable {
  /// Decides the HTTP status and how a page shows it.
  var kind: ErrorKind { get }
  /// Stable and documented: `device.unknown`.
  var code: String { get }
  /// What happened and why, in English, without personal data.
  var reason: String { get }
  /// What to do about it, in English.
  var remedy: String { get }

  /// A missing permission.
  init(_ denied: Denied)
  /// The store could not do it; says whether trying again helps.
  init(_ failure: StoreFailure)
}

/// The families of errors a caller can tell apart.
package enum ErrorKind: Sendable, Hashable {
  /// The input is wrong: 422.
  case invalid
  /// Nobody is signed in: 401.
  case unauthenticated
  /// A permission is missing: 403.
  case denied
  /// It does not exist, or not for this organisation: 404.
  case notFound
  /// It contradicts what is there: 409.
  case conflict
  /// The ETag does not match: 412.
  case stale
  /// Too large: 413.
  case tooLarge
  /// Too many: 429; try again after so many seconds.
  case limited(retryAfterSeconds: Int)
  /// Busy or down: 503; try again.
  case unavailable
  /// Our fault: 500.
  case broken
}

/// What a context may know of a storage error: storage's own errors do not leave the store.
package enum StoreFailure: Error, Sendable, Hashable {
  /// Busy, disconnected or shutting down: trying again helps.
  case unavailable
  /// Disk full or read only: a person must act.
  case full
  /// Anything else; the details are in the log.
  case broken
}
