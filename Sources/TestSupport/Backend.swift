

/// The stores that a suite runs on: `@Test(arguments: Backend.allCases)`.
package enum Backend: String, CaseIterable, Sendable {
  /// A file in a temporary folder.
  case sqlite
  /// A database of its own on the private server of this test process.
  case postgres

}
