import Foundation

/// What a password must be.
///
/// - Source: clause 9.3 a; NIST SP 800-63B, section 5.1.1.2, for the list and against rules of composition that only
///   make passwords alike. What the clause calls complexity is asked of short ones: two kinds of characters.
package struct PasswordRules: Sendable {
  package static let charactersMin = 10
  /// From here on a password may be of one kind of characters, as four words are.
  package static let plainCharactersMin = 16
  static let differentMin = 5
  /// Argon2 takes any length; a limit keeps the work for a request bounded.
  package static let bytesMax = 1_024
  /// How many former passwords may not come back.
  package static let historyMax = 5

  let breached: BreachList

  package init(breached: BreachList) {
    self.breached = breached
  }

  /// - Throws: `.passwordWeak` with what is wrong.
  func check(_ text: String, name: String, displayName: String) throws(AccountsError) {
    guard text.count >= Self.charactersMin, text.utf8.count <= Self.bytesMax else {
      throw .passwordWeak(.length)
    }
    guard Set(text).count >= Self.differentMin else { throw .passwordWeak(.monotonous) }
    guard text.count >= Self.plainCharactersMin || Self.kinds(text) >= 2 else { throw .passwordWeak(.simple) }
    let lower = text.lowercased()
    for own in [name, displayName.lowercased()] where own.count >= 3 {
      // The name with a little more is as easily guessed as the name.
      if lower.contains(own), text.count - own.count < Self.charactersMin { throw .passwordWeak(.name) }
    }
    guard !Self.isRun(lower) else { throw .passwordWeak(.sequence) }
    guard !breached.contains(text) else { throw .passwordWeak(.breached) }
  }

  /// Small letters, large letters, digits, all else.
  private static func kinds(_ text: String) -> Int {
    var kinds: Set<Int> = []
    for character in text {
      if character.isLetter {
        kinds.insert(character.isUppercase ? 1 : 0)
      } else {
        kinds.insert(character.isNumber ? 2 : 3)
      }
    }
    return kinds.count
  }

  /// Whether nearly all of it is counting, the alphabet or a row of keys, there or back.
  private static func isRun(_ lower: String) -> Bool {
    let rows = ["abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "1qaz2wsx3edc4rfv"]
    let characters = Array(lower)
    var covered = 0
    for row in rows {
      for line in [Array(row), Array(row.reversed())] {
        var start = 0
        while start + 4 <= characters.count {
          let length = run(characters, from: start, in: line)
          if length >= 4 { covered += length }
          start += max(1, length >= 4 ? length : 1)
        }
      }
    }
    return covered + 3 > characters.count
  }

  /// How many characters from `start` on follow one another in the row.
  private static func run(_ text: [Character], from start: Int, in row: [Character]) -> Int {
    guard let place = row.firstIndex(of: text[start]) else { return 0 }
    var length = 0
    while start + length < text.count, place + length < row.count, text[start + length] == row[place + length] {
      length += 1
    }
    return length
  }
}

/// What is wrong with a password.
package enum PasswordFault: String, Sendable, Hashable, CaseIterable {
  case length
  /// Too few different characters.
  case monotonous
  /// Short and of one kind of characters.
  case simple
  /// The account's own name and little more.
  case name
  case sequence
  /// In a list of passwords that others used and lost, with or without the usual changes.
  case breached
  /// One of the last that this account had.
  case reused

  /// What it must be, in English, to follow "The password".
  package var words: String {
    switch self {
    case .length:
      "must have \(PasswordRules.charactersMin) characters or more, at most \(PasswordRules.bytesMax) bytes"
    case .monotonous: "must have at least \(PasswordRules.differentMin) different characters"
    case .simple:
      "of less than \(PasswordRules.plainCharactersMin) characters must have two kinds: letters, digits, others"
    case .name: "must not be the name with little more"
    case .sequence: "must not be a sequence of digits, letters or neighbouring keys"
    case .breached: "is in a list of passwords that are tried first"
    case .reused: "must not be one of the last \(PasswordRules.historyMax)"
    }
  }
}
