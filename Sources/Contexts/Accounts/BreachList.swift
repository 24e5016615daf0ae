import Crypto
import Foundation

/// Passwords that everybody tries first, as the first eight bytes of their SHA-256: enough to refuse one, and not the
/// list itself.
///
/// A password is looked for as it is, and without what people put around a word and in the place of its letters:
/// `P@ssw0rd2026!` is `password`.
package struct BreachList: Sendable {
  /// Sorted.
  private let prefixes: [UInt64]

  /// What `scripts/assets` calls its file.
  package static let fileName = "common-passwords.bin"

  /// Nothing is in it: only the other rules hold.
  package static let none = BreachList(prefixes: [])

  private init(prefixes: [UInt64]) {
    self.prefixes = prefixes
  }

  /// Of a few words: for tests.
  package init(_ words: [String]) {
    prefixes = words.map(Self.prefix).sorted()
  }

  /// Of the file that `scripts/assets` makes: sorted prefixes, eight bytes each, the highest first.
  ///
  /// - Returns: nil for a file that is not of that form; at most 4 million prefixes are taken.
  package init?(file: [UInt8]) {
    guard !file.isEmpty, file.count.isMultiple(of: 8), file.count <= 32 << 20 else { return nil }
    var prefixes: [UInt64] = []
    prefixes.reserveCapacity(file.count / 8)
    for start in stride(from: 0, to: file.count, by: 8) {
      let value = file[start..<start + 8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      guard prefixes.last.map({ $0 < value }) ?? true else { return nil }
      prefixes.append(value)
    }
    self.prefixes = prefixes
  }

  package var count: Int { prefixes.count }

  /// Whether the password, or the word in it, is on the list.
  package func contains(_ password: String) -> Bool {
    guard !prefixes.isEmpty else { return false }
    return Self.forms(password).contains { has(Self.prefix($0)) }
  }

  private func has(_ prefix: UInt64) -> Bool {
    var (low, high) = (0, prefixes.count)
    while low < high {
      let middle = (low + high) / 2
      if prefixes[middle] < prefix { low = middle + 1 } else { high = middle }
    }
    return low < prefixes.count && prefixes[low] == prefix
  }

  private static func prefix(_ text: String) -> UInt64 {
    SHA256.hash(data: Data(text.utf8)).prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
  }

  /// The password in small letters; without digits and signs around; with letters for the signs that stand for them;
  /// and, for one that is a word said twice, the word.
  static func forms(_ password: String) -> Set<String> {
    let lower = password.lowercased()
    var forms: Set<String> = [lower]
    for text in [lower, plain(lower)] {
      forms.insert(text)
      let trimmed = text.drop { !$0.isLetter }.reversed().drop { !$0.isLetter }.reversed()
      let word = String(trimmed)
      // What is left of a long password may be a common word without making it common.
      if word.count >= 4, word.count * 2 >= password.count { forms.insert(word) }
    }
    for form in forms where form.count.isMultiple(of: 2) {
      let half = form.prefix(form.count / 2)
      if form == half + half { forms.insert(String(half)) }
    }
    return forms
  }

  private static let letters: [Character: Character] = [
    "@": "a", "4": "a", "8": "b", "3": "e", "1": "l", "!": "i", "0": "o", "$": "s", "5": "s", "7": "t",
  ]

  private static func plain(_ text: String) -> String {
    // Signs at the end are mostly not meant as letters.
    let core = text.reversed().drop { !$0.isLetter }.reversed()
    return String(core.map { letters[$0] ?? $0 })
  }
}
