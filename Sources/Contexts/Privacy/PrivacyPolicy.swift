package import Foundation
package import Kernel

/// What personal data is processed for, how long it is kept, and by when requests are answered: data, not code
/// (`Policy/policy.json`, or an operator's own file of the same form).
package struct PrivacyPolicy: Sendable, Decodable {
  /// A text in both languages.
  package struct Words: Sendable, Decodable, Hashable {
    package let zh: String
    package let en: String
  }

  /// A retention class (留存类别).
  package struct Retention: Sendable, Decodable, Hashable {
    /// What people read of it, in one language.
    package struct Text: Sendable, Decodable, Hashable {
      package let name: String
      package let basis: String
    }

    package let key: String
    /// Days after the use ended; 0 for at once.
    package let days: Int64
    package let action: RetentionAction
    package let zh: Text
    package let en: Text
  }

  /// Days that break the week's rule.
  struct Year: Sendable, Decodable {
    let off: [LocalDate]
    let on: [LocalDate]
  }

  package let version: String
  /// By kind of request.
  package let requestWorkingDays: [String: Int]
  /// How long a copy can be fetched.
  package let exportDays: Int64
  /// How long a link to it holds.
  package let linkSeconds: Int64
  package let linkDownloadsMax: Int
  package let purposes: [Purpose]
  package let retention: [Retention]
  package let categories: [String: Words]
  package let fields: [String: Words]
  /// What has to stay after an erasure, and why.
  package let kept: [String: Words]
  let holidays: [String: Year]

  /// - Throws: `PrivacyPolicyError` when it contradicts itself, `DecodingError` when it is not of this form.
  package init(json: Data) throws {
    self = try JSONDecoder().decode(PrivacyPolicy.self, from: json)
    try check()
  }

  /// The policy that comes with the program.
  package static func builtIn() throws -> PrivacyPolicy {
    guard let url = Bundle.module.url(forResource: "policy", withExtension: "json", subdirectory: "Policy") else {
      throw PrivacyPolicyError(problem: "the program was installed without its privacy policy")
    }
    return try PrivacyPolicy(json: Data(contentsOf: url))
  }

  package func purpose(_ key: String) -> Purpose? { purposes.first { $0.key == key } }

  package func retention(_ key: String) -> Retention? { retention.first { $0.key == key } }

  /// When data of a class has had its time; nil while it is in use or the class is unknown.
  package func end(_ key: String, from moment: Instant?) -> Instant? {
    guard let moment, let found = retention(key) else { return nil }
    return moment.advanced(by: .seconds(found.days * 86_400))
  }

  /// The end of the last working day (China) within which a request has to be answered.
  package func deadline(of kind: String, from moment: Instant) -> Instant {
    var day = moment.date(offsetMinutes: 480)
    var left = requestWorkingDays[kind] ?? 15
    while left > 0 {
      day = day.adding(days: 1)
      if isWorkingDay(day) { left -= 1 }
    }
    return day.adding(days: 1).start(offsetMinutes: 480)
  }

  /// Monday to Friday, but for the days that the State Council moved.
  package func isWorkingDay(_ day: LocalDate) -> Bool {
    if let year = holidays[String(day.components.year)] {
      if year.off.contains(day) { return false }
      if year.on.contains(day) { return true }
    }
    // 1970-01-01 was a Thursday.
    let weekday = ((day.dayNumber + 3) % 7 + 7) % 7
    return weekday < 5
  }

  private func check() throws(PrivacyPolicyError) {
    let classes = Set(retention.map(\.key))
    guard classes.count == retention.count else { throw .init(problem: "two retention classes of one key") }
    guard Set(purposes.map(\.key)).count == purposes.count else { throw .init(problem: "two purposes of one key") }
    for purpose in purposes {
      guard classes.contains(purpose.retention) else {
        throw .init(problem: "\(purpose.key) names an unknown retention class")
      }
      guard purpose.categories.allSatisfy({ categories[$0] != nil }) else {
        throw .init(problem: "\(purpose.key) names an unknown category")
      }
      let numbers = purpose.versions.map(\.version)
      guard !numbers.isEmpty, numbers == Array(1...numbers.count) else {
        throw .init(problem: "the versions of \(purpose.key) are not 1, 2, 3 …")
      }
      guard !purpose.isSensitive || purpose.basis == .consent else {
        throw .init(problem: "\(purpose.key) is sensitive and needs consent of its own")
      }
    }
  }
}

/// The policy's file contradicts itself.
package struct PrivacyPolicyError: Error, Sendable, Hashable {
  package let problem: String
}

/// What personal data is processed for (处理目的).
package struct Purpose: Sendable, Decodable, Hashable {
  /// Why it may be processed.
  ///
  /// - Source: PIPL, article 13.
  package enum Basis: String, Sendable, Codable, CaseIterable {
    case consent
    case contract
    /// A legal duty.
    case duty
    /// Life, health and property in an emergency.
    case vital
  }

  /// One version of what the person is told.
  package struct Version: Sendable, Decodable, Hashable {
    /// What people read of it, in one language.
    package struct Text: Sendable, Decodable, Hashable {
      package let name: String
      package let text: String
    }

    package let version: Int
    package let zh: Text
    package let en: Text
  }

  package let key: String
  package let basis: Basis
  /// Sensitive personal information: needs a separate, explicit consent (单独同意).
  package let isSensitive: Bool
  package let retention: String
  package let categories: [String]
  package let versions: [Version]

  /// The version that is shown now.
  package var current: Version { versions[versions.count - 1] }
}
