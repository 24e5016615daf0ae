import Foundation

/// One thing the doctor looked at.
package struct Finding: Sendable, Equatable {
  /// How it stands; only `wrong` makes the command fail.
  package enum Health: String, Sendable {
    case good = "ok"
    /// It works, and will not for ever.
    case warning
    /// It does not work.
    case wrong
  }

  package let health: Health
  /// What was found.
  package let text: String
  /// How to mend it; nil when there is nothing to mend.
  package let remedy: String?

  package static func good(_ text: String) -> Finding { Finding(health: .good, text: text, remedy: nil) }

  package static func warning(_ text: String, remedy: String) -> Finding {
    Finding(health: .warning, text: text, remedy: remedy)
  }

  package static func wrong(_ text: String, remedy: String) -> Finding {
    Finding(health: .wrong, text: text, remedy: remedy)
  }

  package var lines: String {
    let head = "  \(health.rawValue.padding(toLength: 8, withPad: " ", startingAt: 0))\(text)"
    return remedy.map { "\(head)\n            to mend it: \($0)" } ?? head
  }
}
