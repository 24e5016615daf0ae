package import Kernel

/// How a person signs in and out: the port to Accounts.
package struct SessionDoor: Sendable {
  /// A session just opened.
  package struct Opened: Sendable {
    /// Goes into the browser's cookie.
    package let token: String
    /// How long the browser may keep it.
    package let secondsMax: Int

    package init(token: String, secondsMax: Int) {
      self.token = token
      self.secondsMax = secondsMax
    }
  }

  /// Checks name and password, and opens a session; the origin is where the attempt comes from, for its limit.
  ///
  /// - Throws: a `UseCaseError` of the kind `.unauthenticated` when they are wrong, `.limited` while the account is
  ///   locked.
  package let signIn: @Sendable (_ name: String, _ password: String, _ origin: Origin) async throws -> Opened
  /// Ends the session of a token; an unknown one is no error.
  package let signOut: @Sendable (_ token: String) async throws -> Void

  package init(
    signIn: @escaping @Sendable (String, String, Origin) async throws -> Opened,
    signOut: @escaping @Sendable (String) async throws -> Void
  ) {
    self.signIn = signIn
    self.signOut = signOut
  }
}
