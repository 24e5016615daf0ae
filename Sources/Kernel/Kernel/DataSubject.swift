/// A person whom data is about (个人信息主体): an account's owner, later a resident.
///
/// A principal, its account and the person have one identity; a resident without an account has one of their own.
package struct DataSubject: Sendable, Hashable {
  package let organisation: ID<Organisation>
  package let id: ID<DataSubject>

  package init(organisation: ID<Organisation>, id: ID<DataSubject>) {
    self.organisation = organisation
    self.id = id
  }

  /// The person behind a principal.
  package init(_ principal: Principal) {
    self.init(organisation: principal.organisation, id: principal.id.tagged())
  }
}

/// One kind of thing that a context holds about a person, as it is shown: masked.
package struct Holding: Sendable, Hashable {
  /// Who it came from.
  package enum Source: String, Sendable, Codable, CaseIterable {
    /// The person gave it.
    case person
    /// Somebody of the staff entered it.
    case staff
    /// The platform made it while working.
    case platform
    case device
    /// Another organisation gave it.
    case partner
  }

  /// One field; what may be read of it without opening anything.
  package struct Field: Sendable, Hashable {
    /// `accounts.displayName`; the privacy policy has its name in both languages.
    package let key: String
    /// 李*明, 138 **** 5270; never a secret's bytes.
    package let masked: String
    package let isSensitive: Bool

    package init(_ key: String, _ masked: String, isSensitive: Bool = false) {
      self.key = key
      self.masked = masked
      self.isSensitive = isSensitive
    }
  }

  /// A category of the privacy policy: `identity`.
  package let category: String
  package let fields: [Field]
  package let source: Source
  /// Since when the oldest of it is held.
  package let since: Instant
  /// How many records.
  package let count: Int
  /// A retention class of the privacy policy: `account`.
  package let retention: String
  /// From when the retention runs; nil while it is in use.
  package let retentionFrom: Instant?
  /// Purposes of the privacy policy.
  package let purposes: [String]
  /// Who else got it, by name.
  package let recipients: [String]

  package init(
    category: String, fields: [Field], source: Source, since: Instant, count: Int = 1, retention: String,
    retentionFrom: Instant? = nil, purposes: [String], recipients: [String] = []
  ) {
    self.category = category
    self.fields = fields
    self.source = source
    self.since = since
    self.count = count
    self.retention = retention
    self.retentionFrom = retentionFrom
    self.purposes = purposes
    self.recipients = recipients
  }
}

/// One record about a person in full, for the copy that they ask for.
package struct HeldRecord: Sendable, Hashable, Codable {
  package let category: String
  /// By field key; no secrets: a password's hash is not the person's to read.
  package let fields: [String: String]
  /// Since when, RFC 3339.
  package let since: String

  package init(category: String, fields: [String: String], since: Instant) {
    self.category = category
    self.fields = fields
    self.since = since.description
  }
}
