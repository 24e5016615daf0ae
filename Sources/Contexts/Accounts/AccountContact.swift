package import Kernel
import Vault

/// What kind of contact.
package enum ContactKind: String, Sendable, CaseIterable, Codable {
  case phone
  case mail
}

/// A contact of an account as it may be shown: masked. The value itself is sealed; see `Accounts.openContact`.
package struct AccountContact: Sendable, Hashable {
  package let kind: ContactKind
  /// `138****5270`, `z***@example.org`.
  package let masked: String
  package let since: Instant
  /// When a code came there; nil for one that somebody wrote down: no code is sent there.
  package let verifiedAt: Instant?
}

/// An account that has a contact.
package struct ContactHolder: Sendable, Hashable {
  package let account: ID<Principal>
  package let name: String
  package let displayName: String
  package let contact: AccountContact
}

/// A telephone number or a mail address in the one form that is sealed and searched by. It does not print.
struct Contact: Sendable, Hashable {
  /// A contact has at most so many bytes.
  static let bytesMax = 254
  let kind: ContactKind
  let text: String

  /// - Throws: `.fieldInvalid` unless it is a telephone number of 6 to 20 digits or a mail address.
  init(_ typed: String) throws(AccountsError) {
    let bare = typed.filter { !$0.isWhitespace }
    if let phone = Self.phone(bare) {
      (kind, text) = (.phone, phone)
    } else if let mail = Self.mail(typed) {
      (kind, text) = (.mail, mail)
    } else {
      throw .fieldInvalid(field: "contact", problem: "must be a telephone number or a mail address")
    }
  }

  /// Without what people put between the digits; a mobile number of China without its country's, so that the same
  /// number is found however it was typed.
  private static func phone(_ bare: String) -> String? {
    let number = bare.filter { !"-().".contains($0) }
    let isAbroad = number.hasPrefix("+")
    var digits = number.drop { $0 == "+" }
    guard (6...20).contains(digits.count), digits.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
    for prefix in ["0086", isAbroad ? "86" : "-"] where digits.hasPrefix(prefix) && digits.count == prefix.count + 11 {
      digits = digits.dropFirst(prefix.count)
      return String(digits)
    }
    return isAbroad ? "+\(digits)" : String(digits)
  }

  /// In small letters. Nothing within it is left out: what stands behind a space is no part of an address.
  private static func mail(_ typed: String) -> String? {
    let bare = String(typed.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    let parts = bare.split(separator: "@", omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, parts[1].contains("."), bare.utf8.count <= bytesMax,
      bare.utf8.allSatisfy({ $0 > 32 && $0 != 127 }), !bare.contains(where: \.isWhitespace)
    else { return nil }
    return bare.lowercased()
  }

  var masked: String {
    switch kind {
    case .phone: Mask.phone(text)
    case .mail: "\(text.prefix(1))***\(text.drop { $0 != "@" })"
    }
  }
}

extension Contact: CustomStringConvertible, CustomReflectable {
  var description: String { masked }
  var customMirror: Mirror { Mirror(self, children: []) }
}
