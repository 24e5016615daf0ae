import Foundation
import Kernel
import SQLStore

/// What this context itself holds about a person: consents, requests and the copies made for them.
struct OwnHoldings: HoldingsProvider {
  let work: Work
  let policy: PrivacyPolicy
  let keys: any PersonKeys
  let name = "privacy"

  func holdings(of subject: DataSubject, in sql: SQLConnection) throws -> [Holding] {
    var holdings: [Holding] = []
    let consents = try sql.consents(of: subject)
    if let first = consents.first {
      let isOpen = ConsentState.derive(policy.purposes, from: consents).contains(where: \.isGranted)
      holdings.append(
        Holding(
          category: "consent", fields: [Holding.Field("privacy.purpose", String(Set(consents.map(\.purpose)).count))],
          source: .person, since: first.at, count: consents.count, retention: "consent",
          retentionFrom: isOpen ? nil : consents.last?.at, purposes: ["security"]))
    }
    let query = PrivacyRequestQuery(subject: subject.id, page: PageRequest(limit: 200))
    let requests = try sql.requests(query, of: subject.organisation, at: Instant(microseconds: 0)).prefix(200)
    if let last = requests.last {
      let isOpen = requests.contains { $0.state.isOpen }
      holdings.append(
        Holding(
          category: "request", fields: [.init("privacy.kind", String(Set(requests.map(\.kind)).count))],
          source: .person, since: last.receivedAt, count: requests.count, retention: "request",
          retentionFrom: isOpen ? nil : requests.first?.doneAt, purposes: ["security"]))
    }
    return holdings
  }

  func records(of subject: DataSubject, cursor: String?, limit: Int) async throws -> Page<HeldRecord> {
    // Consents by number first, then requests by id.
    if let cursor, cursor.hasPrefix("r") {
      return try await requestRecords(subject, after: cursor.dropFirst(), limit: limit)
    }
    let after = Int64(cursor ?? "0") ?? 0
    let found = try await work.store.read { try $0.consents(of: subject, after: after, limit: limit + 1) }
    let items = found.prefix(limit).map { entry in
      HeldRecord(
        category: "consent",
        fields: [
          "privacy.purpose": entry.purpose, "privacy.act": entry.act.rawValue,
          "privacy.version": String(entry.version), "privacy.address": entry.address ?? "",
        ], since: entry.at)
    }
    return Page(items: Array(items), next: found.count > limit ? String(found[limit - 1].number) : "r")
  }

  private func requestRecords(
    _ subject: DataSubject, after cursor: Substring, limit: Int
  ) async throws -> Page<HeldRecord> {
    let page = PageRequest(cursor: cursor.isEmpty ? nil : String(cursor), limit: min(limit, 50))
    let found = try await work.store.read { sql in
      try sql.requests(
        PrivacyRequestQuery(subject: subject.id, page: page), of: subject.organisation, at: Instant(microseconds: 0)
      ).map { ($0, try sql.requestContent($0)) }
    }
    var items: [HeldRecord] = []
    for (request, sealed) in found.prefix(page.limit) {
      var fields = ["privacy.kind": request.kind.rawValue, "privacy.state": request.state.rawValue]
      if let sealed {
        let bytes = try await keys.open(sealed, of: subject, place: RequestContent.place(request.id))
        let content = try JSONDecoder().decode(RequestContent.self, from: Data(bytes))
        fields["privacy.detail"] = [content.field, content.value, content.note].compactMap { $0 }
          .filter { !$0.isEmpty }.joined(separator: "; ")
      }
      items.append(HeldRecord(category: "request", fields: fields, since: request.receivedAt))
    }
    let isMore = found.count > page.limit
    return Page(items: items, next: isMore ? "r\(found[page.limit - 1].0.id)" : nil)
  }

  /// What they wrote, where it came from, their copies and links go; when consent was given and to what, and that
  /// there were requests, stays as the proof that it was done.
  func erase(_ subject: DataSubject, in unit: Kernel.Unit) throws -> ErasedPart {
    let (organisation, id) = (subject.organisation, subject.id)
    let ofThem: SQL = "(SELECT id FROM privacy_request WHERE organisation = \(organisation) AND subject = \(id))"
    var rows = 0
    for table in ["privacy_request_content", "privacy_export_part", "privacy_link"] {
      rows += try unit.sql.execute(
        "DELETE FROM \(SQL(raw: table)) WHERE organisation = \(organisation) AND request IN \(ofThem)")
    }
    for table in ["privacy_consent_origin", "privacy_ward", "privacy_restriction"] {
      rows += try unit.sql.execute(
        "DELETE FROM \(SQL(raw: table)) WHERE organisation = \(organisation) AND subject = \(id)")
    }
    rows += try withdrawAll(subject, in: unit)
    let hasConsents = try unit.sql.lastConsentNumber(of: subject) > 0
    return ErasedPart(rows: rows, kept: hasConsents ? ["consent.proof"] : [])
  }

  /// Nothing is agreed to for somebody who is erased.
  private func withdrawAll(_ subject: DataSubject, in unit: Kernel.Unit) throws -> Int {
    try unit.lockOrder()
    let entries = try unit.sql.consents(of: subject)
    var number = entries.last?.number ?? 0
    var count = 0
    for state in ConsentState.derive(policy.purposes, from: entries) {
      guard let granted = state.granted else { continue }
      number += 1
      count += 1
      let entry = ConsentEntry(
        number: number, purpose: granted.purpose, version: granted.version, act: .withdraw, by: .erasure,
        principal: subject.organisation.tagged(), at: unit.now, language: "", channel: "platform", address: nil)
      try unit.append(entry, state.purpose.versions[granted.version - 1], of: subject, agent: "")
      try unit.record(
        ConsentChanged(person: subject.id, purpose: granted.purpose, isGranted: false, version: granted.version),
        organisation: subject.organisation)
    }
    return count
  }
}
