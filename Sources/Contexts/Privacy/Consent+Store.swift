import Kernel
import SQLStore

extension SQLConnection {
  /// A person's whole ledger in order.
  func consents(of subject: DataSubject, after number: Int64 = 0, limit: Int = Privacy.ledgerMax) throws
    -> [ConsentEntry]
  {
    try rows(
      """
      SELECT c.number, c.purpose, c.version, c.act, c.by_whom, c.principal, c.at, c.language, c.channel, o.address
      FROM privacy_consent c LEFT JOIN privacy_consent_origin o
        ON o.organisation = c.organisation AND o.subject = c.subject AND o.number = c.number
      WHERE c.organisation = \(subject.organisation) AND c.subject = \(subject.id) AND c.number > \(number)
      ORDER BY c.number LIMIT \(limit)
      """
    ).map { try ConsentEntry($0) }
  }

  func lastConsentNumber(of subject: DataSubject) throws -> Int64 {
    try row(
      """
      SELECT coalesce(max(number), 0) AS last FROM privacy_consent
      WHERE organisation = \(subject.organisation) AND subject = \(subject.id)
      """)?.integer("last") ?? 0
  }

  func wardship(of subject: DataSubject) throws -> Wardship? {
    try row(
      """
      SELECT subject, guardian, child_until, minor_until FROM privacy_ward
      WHERE organisation = \(subject.organisation) AND subject = \(subject.id)
      """
    ).map { row in
      Wardship(
        subject: try row.id("subject"), guardian: try row.id("guardian"), childUntil: try row.date("child_until"),
        minorUntil: try row.date("minor_until"))
    }
  }

  func isErased(_ subject: DataSubject) throws -> Bool {
    try row(
      """
      SELECT at FROM privacy_erased WHERE organisation = \(subject.organisation) AND subject = \(subject.id)
      """) != nil
  }
}

extension Unit {
  /// Adds a line to a person's ledger, with the text that was shown.
  ///
  /// - Throws: `PrivacyError.textOutdated` when a text of this version was shown before that reads differently.
  func append(_ entry: ConsentEntry, _ text: Purpose.Version, of subject: DataSubject, agent: String) throws {
    try sql.execute(
      """
      INSERT INTO privacy_text (organisation, purpose, version, zh, en, shown_at)
      VALUES (\(subject.organisation), \(entry.purpose), \(entry.version), \(text.zh.text), \(text.en.text), \(now))
      ON CONFLICT DO NOTHING
      """)
    let kept = try sql.row(
      """
      SELECT zh, en FROM privacy_text WHERE organisation = \(subject.organisation) AND purpose = \(entry.purpose)
        AND version = \(entry.version)
      """)
    guard let kept, try kept.text("zh") == text.zh.text, try kept.text("en") == text.en.text else {
      throw PrivacyError.textOutdated(current: entry.version + 1)
    }
    try sql.execute(
      """
      INSERT INTO privacy_consent (organisation, subject, number, purpose, version, act, by_whom, principal, at,
        language, channel)
      VALUES (\(subject.organisation), \(subject.id), \(entry.number), \(entry.purpose), \(entry.version),
        \(entry.act.rawValue), \(entry.by.rawValue), \(entry.principal), \(entry.at), \(entry.language),
        \(entry.channel))
      """)
    guard let address = entry.address else { return }
    try sql.execute(
      """
      INSERT INTO privacy_consent_origin (organisation, subject, number, address, agent)
      VALUES (\(subject.organisation), \(subject.id), \(entry.number), \(address), \(agent))
      """)
  }
}

extension ConsentEntry {
  init(_ row: SQLRow) throws {
    guard let act = Act(rawValue: try row.text("act")), let by = By(rawValue: try row.text("by_whom")) else {
      throw SQLError.column(name: "act", message: "is no act of consent")
    }
    self.init(
      number: try row.integer("number"), purpose: try row.text("purpose"), version: try row.int("version"), act: act,
      by: by, principal: try row.id("principal"), at: try row.instant("at"), language: try row.text("language"),
      channel: try row.text("channel"), address: try row.optionalText("address"))
  }
}
