import Crypto
import Foundation
package import Kernel
import SQLStore

/// How a copy is made: a page of one context's records at a time, sealed with the person's own key, each page one
/// transaction with the place where it goes on. Wherever the program is killed, it goes on there.
extension Privacy {
  /// A link to a copy. Its token is in the address and nowhere else; here is its hash.
  package struct Link: Sendable {
    package let token: String
    package let endsAt: Instant
    package let downloadsMax: Int
  }

  /// Makes one page of one copy.
  ///
  /// - Returns: false when nothing is left to do.
  func exportStep() async throws -> Bool {
    let found = try await work.store.read { sql in
      try sql.requests(.export, in: .running, limit: 1).first.map { ($0, try sql.exportPlace($0)) }
    }
    guard let (request, place) = found else { return false }
    guard let place else {
      try await finishExport(request)
      return true
    }
    guard let provider = providers.first(where: { $0.name == place.context }) else {
      throw ErasureError(context: place.context)
    }
    let page = try await provider.records(of: request.subject, cursor: place.cursor, limit: Self.recordsOfPage)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let bytes = Array(try encoder.encode(page.items))
    let part = Self.partPlace(request.id, place.position, place.parts)
    let sealed = page.items.isEmpty ? nil : try await keys.seal(bytes, of: request.subject, place: part)
    try await work.transaction { unit in
      try unit.exported(request, place, sealed: sealed, next: page.next)
    }
    return true
  }

  private func finishExport(_ request: PrivacyRequest) async throws {
    try await work.transaction { unit in
      var request = try unit.sql.request(request.id, of: request.subject.organisation)
      guard request.state == .running else { return }
      try request.move(to: .done, at: unit.now)
      try unit.deleteContent(request)
      try unit.moved(request, "done", by: nil)
    }
  }

  static func partPlace(_ id: ID<PrivacyRequest>, _ position: Int, _ number: Int) -> String {
    "privacy_export_part/\(id)/\(position)/\(number)"
  }

  /// Makes a link to a finished copy: for the person, whose second factor was shown just now, or for the staff who
  /// hand it over, with `privacy.write` and theirs.
  ///
  /// - Throws: `.stateWrong` before it is done, `.linkEnded` when its days are over.
  package func link(_ id: ID<PrivacyRequest>, by principal: Principal) async throws(PrivacyError) -> Link {
    let known = try await request(id, by: principal)
    let isOwn = principal.isSubject(known.subject.id)
    if !isOwn { try principal.mayDo(.privacyWrite) }
    try principal.mustBeFresh(isOwn ? .privacyRead : .privacyWrite, at: work.time.now())
    let bytes = random(32)
    let token = Self.text(bytes)
    let policy = policy
    return try await work.run(PrivacyError.self) { unit in
      let request = try unit.sql.request(id, of: principal.organisation)
      guard request.kind == .export, request.state == .done else {
        throw PrivacyError.stateWrong(state: request.state.rawValue)
      }
      let last = policy.end("export", from: try unit.sql.exportMadeAt(request))
      guard let last, last > unit.now else { throw PrivacyError.linkEnded }
      let endsAt = min(last, unit.now.advanced(by: .seconds(policy.linkSeconds)))
      try unit.sql.execute(
        """
        INSERT INTO privacy_link (token_hash, organisation, request, ends_at, left_count)
        VALUES (\(Self.hash(token)), \(principal.organisation), \(id), \(endsAt), \(policy.linkDownloadsMax))
        """)
      try unit.moved(request, "linked", by: principal)
      return Link(token: token, endsAt: endsAt, downloadsMax: policy.linkDownloadsMax)
    }
  }

  /// The copy that a link leads to: a ZIP with `data.json`, `readable.html` and `records.csv`. Counts as one download.
  ///
  /// - Throws: `.linkEnded` for a link that ended, was used up, or never was; `.exportTooLarge`, `.keysUnavailable`.
  package func fetch(token: String) async throws(PrivacyError) -> (name: String, bytes: [UInt8]) {
    guard token.utf8.count <= 128 else { throw .linkEnded }
    let hash = Self.hash(token)
    let request = try await work.run(PrivacyError.self) { unit in
      let row = try unit.sql.row(
        """
        UPDATE privacy_link SET left_count = left_count - 1
        WHERE token_hash = \(hash) AND ends_at > \(unit.now) AND left_count > 0 RETURNING organisation, request
        """)
      guard let row else { throw PrivacyError.linkEnded }
      let request = try unit.sql.request(try row.id("request"), of: try row.id("organisation"))
      guard request.state == .done else { throw PrivacyError.linkEnded }
      try unit.moved(request, "fetched", by: nil)
      return request
    }
    let parts = try await work.read(PrivacyError.self) { try $0.exportParts(request) }
    guard parts.reduce(0, { $0 + $1.sealed.count }) <= Self.exportBytesMax else { throw .exportTooLarge }
    var sections: [ExportFile.Section] = []
    for part in parts {
      let place = Self.partPlace(request.id, part.position, part.number)
      let bytes = try await opened(part.sealed, of: request.subject, place: place)
      guard let records = try? JSONDecoder().decode([HeldRecord].self, from: Data(bytes)) else { throw .store(.broken) }
      if sections.last?.context == part.context {
        sections[sections.count - 1].records += records
      } else {
        sections.append(ExportFile.Section(context: part.context, records: records))
      }
    }
    let file = ExportFile(
      subject: request.subject.id.description, madeAt: (request.doneAt ?? request.receivedAt).description,
      policy: policy.version, sections: sections)
    guard let archive = file.archive(policy) else { throw .store(.broken) }
    return ("anju-personal-data-\(request.id).zip", archive)
  }

  /// Letters, digits, `-` and `_`.
  private static func text(_ bytes: [UInt8]) -> String {
    Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
  }

  /// A token has 256 random bits: a plain hash will do.
  private static func hash(_ token: String) -> [UInt8] { Array(SHA256.hash(data: Data(token.utf8))) }
}

/// Where a copy goes on.
struct ExportPlace: Sendable {
  let position: Int
  let context: String
  let cursor: String?
  let parts: Int
}

struct ExportPart: Sendable {
  let position: Int
  let number: Int
  let context: String
  let sealed: [UInt8]
}

extension SQLConnection {
  func exportPlace(_ request: PrivacyRequest) throws -> ExportPlace? {
    try row(
      """
      SELECT position, context, cursor, parts FROM privacy_export
      WHERE organisation = \(request.subject.organisation) AND request = \(request.id) AND done_at IS NULL
      ORDER BY position LIMIT 1
      """
    ).map { row in
      ExportPlace(
        position: try row.int("position"), context: try row.text("context"), cursor: try row.optionalText("cursor"),
        parts: try row.int("parts"))
    }
  }

  /// When the last part was made; nil when there is none (any more).
  func exportMadeAt(_ request: PrivacyRequest) throws -> Instant? {
    try row(
      """
      SELECT max(made_at) AS at FROM privacy_export_part
      WHERE organisation = \(request.subject.organisation) AND request = \(request.id)
      """)?.optionalInstant("at")
  }

  func exportParts(_ request: PrivacyRequest) throws -> [ExportPart] {
    try rows(
      """
      SELECT p.position, p.number, e.context, p.sealed FROM privacy_export_part p JOIN privacy_export e
        ON e.organisation = p.organisation AND e.request = p.request AND e.position = p.position
      WHERE p.organisation = \(request.subject.organisation) AND p.request = \(request.id)
      ORDER BY p.position, p.number LIMIT 10000
      """
    ).map { row in
      ExportPart(
        position: try row.int("position"), number: try row.int("number"), context: try row.text("context"),
        sealed: try row.blob("sealed"))
    }
  }
}

extension Kernel.Unit {
  func beginExport(_ request: PrivacyRequest, _ contexts: [String]) throws {
    for (position, context) in contexts.enumerated() {
      try sql.execute(
        """
        INSERT INTO privacy_export (organisation, request, position, context, parts)
        VALUES (\(request.subject.organisation), \(request.id), \(position), \(context), \(0))
        """)
    }
  }

  /// Keeps one page, unless another process was quicker.
  func exported(_ request: PrivacyRequest, _ place: ExportPlace, sealed: [UInt8]?, next: String?) throws {
    let organisation = request.subject.organisation
    let doneAt: Instant? = next == nil ? now : nil
    let count = try sql.execute(
      """
      UPDATE privacy_export SET cursor = \(next), parts = parts + \(sealed == nil ? 0 : 1), done_at = \(doneAt)
      WHERE organisation = \(organisation) AND request = \(request.id) AND position = \(place.position)
        AND parts = \(place.parts) AND done_at IS NULL
        AND (cursor = CAST(\(place.cursor) AS TEXT) OR (cursor IS NULL AND CAST(\(place.cursor) AS TEXT) IS NULL))
      """)
    guard count == 1 else { return }
    if let sealed {
      try sql.execute(
        """
        INSERT INTO privacy_export_part (organisation, request, position, number, sealed, made_at)
        VALUES (\(organisation), \(request.id), \(place.position), \(place.parts), \(sealed), \(now))
        """)
    }
    let row = try sql.row(
      """
      SELECT count(*) AS total, count(done_at) AS done FROM privacy_export
      WHERE organisation = \(organisation) AND request = \(request.id)
      """)
    guard let row else { return }
    var request = try sql.request(request.id, of: organisation)
    request.progress = try min(99, row.int("done") * 100 / max(1, row.int("total")))
    try update(request)
  }
}
