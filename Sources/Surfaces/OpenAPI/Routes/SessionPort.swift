/// How a name and password become a session, and how it ends: what the session's endpoints ask of Accounts.
package struct SessionPort: Sendable {
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

  /// Checks name and password, and opens a session.
  ///
  /// - Throws: a `UseCaseError` of the kind `.unauthenticated` when they are wrong, `.limited` while the account is
  ///   locked.
  package let signIn: @Sendable (_ name: String, _ password: String) async throws -> Opened
  /// Ends the session of a token; an unknown one is no error.
  package let signOut: @Sendable (_ token: String) async throws -> Void

  package init(
    signIn: @escaping @Sendable (String, String) async throws -> Opened,
    signOut: @escaping @Sendable (String) async throws -> Void
  ) {
    self.signIn = signIn
    self.signOut = signOut
  }
}
