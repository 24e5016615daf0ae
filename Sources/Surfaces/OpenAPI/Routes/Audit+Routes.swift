package import Audit
import HTTPTypes
import Hummingbird
import Kernel
import NIOCore

extension OpenAPISurface {
  /// The audit log: searched, one entry with its proof, and taken out.
  package static func endpoints(of audit: AuditLog) -> [Endpoint] {
    [listAuditEntries(audit), getAuditEntry(audit), exportAuditProof(audit), exportAuditTable(audit)]
  }

  private static let filters: [Endpoint.Parameter] = [
    .query("principal", "Only what this account or key did.", .id),
    .query("verb", "Verbs with commas between.", .text(1...100, example: "create,delete")),
    .query("outcome", "Outcomes with commas between.", .text(1...100, example: "refused")),
    .query("kind", "A kind of thing; with a dot at its end all of a context.", .text(1...200, example: "estate.")),
    .query("resource", "A thing's id.", .text(1...200, example: "0197c1de-5a00-7000-8000-000000000001")),
    .query("from", "From this moment on.", .time),
    .query("to", "Before this moment.", .time),
    .query("text", "A part of a name, address, reason or detail.", .text(0...100, example: "1203")),
  ]

  private static func listAuditEntries(_ audit: AuditLog) -> Endpoint {
    Endpoint(
      .get, "/api/v1/audit-entries", "listAuditEntries", tag: "audit",
      "The audit log, newest first: who did what, when, from where and why.",
      access: .permission(.auditRead), parameters: filters + Endpoint.Parameter.paging,
      answer: .page(of: AuditEntryBody.self)
    ) { call in
      let query = try call.auditQuery(page: try call.page())
      return try call.answer(try await audit.search(query, by: try call.principal())) { AuditEntryBody($0) }
    }
  }

  private static func getAuditEntry(_ audit: AuditLog) -> Endpoint {
    Endpoint(
      .get, "/api/v1/audit-entries/{entry}", "getAuditEntry", tag: "audit", "One entry and how well it is proved.",
      access: .permission(.auditRead), parameters: [.path("entry", "The entry's number.", .count)],
      answer: .json(AuditEntryDetailBody.schema)
    ) { call in
      guard let number = Int64(try call.text("entry")) else { throw Problem.notFound("auditEntry") }
      let (entry, state) = try await audit.entry(number, by: try call.principal())
      return try call.answer(AuditEntryDetailBody(entry, state))
    }
  }

  private static func exportAuditProof(_ audit: AuditLog) -> Endpoint {
    Endpoint(
      .get, "/api/v1/audit-proof", "exportAuditProof", tag: "audit",
      "Entries as a file that proves itself without the server: anju audit verify.",
      access: .permission(.auditExport), parameters: filters, answer: .file("text/plain; charset=utf-8")
    ) { call in
      let text = try await audit.prove(try call.auditQuery(), by: try call.principal())
      return call.file(text, "anju-audit.proof", "text/plain; charset=utf-8")
    }
  }

  private static func exportAuditTable(_ audit: AuditLog) -> Endpoint {
    Endpoint(
      .get, "/api/v1/audit-table", "exportAuditTable", tag: "audit", "Entries as CSV.",
      access: .permission(.auditExport), parameters: filters, answer: .file("text/csv; charset=utf-8")
    ) { call in
      let text = try await audit.table(try call.auditQuery(), by: try call.principal())
      return call.file(text, "anju-audit.csv", "text/csv; charset=utf-8")
    }
  }
}

extension Call {
  fileprivate func auditQuery(page: PageRequest = PageRequest()) throws -> AuditQuery {
    AuditQuery(
      principal: try queryID("principal"), verbs: Set(try words("verb")), outcomes: Set(try words("outcome")),
      kind: value("kind"), resource: value("resource"), from: try instant("from"), to: try instant("to"),
      text: value("text"), page: page)
  }

  fileprivate func file(_ text: String, _ name: String, _ mediaType: String) -> Response {
    Response(
      status: .ok,
      headers: [
        .contentType: mediaType, .contentDisposition: "attachment; filename=\"\(name)\"", .cacheControl: "no-store",
      ],
      body: .init(byteBuffer: ByteBuffer(string: text)))
  }
}

extension Endpoint.Answer {
  /// A text file.
  static func file(_ mediaType: String) -> Endpoint.Answer {
    Endpoint.Answer(status: .ok, mediaType: mediaType, schema: .text(0...Int(Int32.max), example: "…"))
  }
}
