import HTTPTypes
import Hummingbird
import Identities
import Kernel
import NIOCore
import OpenAPI

/// Identity certificates of third parties (身份证书): both authorities, what they issued, and what is revoked.
extension Console {
  func installIdentities(on router: some RouterMethods<HTTPContext>) {
    get("/identities", on: router) { visit in try await identitiesPage(visit) }
    post("/identities", on: router) { visit, form in try await issueIdentity(visit, form) }
    installAuthorities(on: router)
    get("/identities/:certificate", on: router) { visit in try await identityPage(visit) }
    get("/identities/:certificate/file", on: router) { visit in
      let found = try await services.identities.certificate(try visit.id("certificate"), by: try visit.principal())
      return Response(
        status: .ok,
        headers: [
          .contentType: "application/x-pem-file",
          .contentDisposition: "attachment; filename=\"\(found.holder)-\(found.chain.rawValue).pem\"",
          .cacheControl: "no-store",
        ], body: .init(byteBuffer: ByteBuffer(string: found.pem)))
    }
    post("/identities/:certificate/renewal", on: router) { visit, form in try await renewIdentity(visit, form) }
    get("/identities/:certificate/revocation", on: router) { visit in try await revocationForm(visit) }
    post("/identities/:certificate/revocation", on: router) { visit, form in try await revokeIdentity(visit, form) }
  }

  // MARK: The list

  func identitiesPage(
    _ visit: Visit, typed: PageForm? = nil, problem: String? = nil, notice: String? = nil
  ) async throws -> Response {
    let principal = try visit.principal()
    let words = visit.words
    let query = IdentityQuery(
      text: visit.query["q"], chain: visit.query.word("chain"), profile: visit.query.word("profile"),
      state: visit.query.word("state"), page: PageRequest(cursor: visit.query["after"], limit: 25))
    let found = try await services.identities.certificates(query, by: principal)
    let authorities = try await services.identities.authorities(by: principal)
    let there = IdentityChain.allCases.filter { chain in authorities.contains { $0.chain == chain } }
    let view: ViewValue = [
      "q": .optional(visit.query["q"]),
      "filters": .list([
        choice("chain", IdentityChain.allCases.map(\.rawValue), visit),
        choice("profile", IdentityProfile.allCases.map(\.rawValue), visit),
        choice("state", IdentityCertificate.State.allCases.map(\.rawValue), visit),
      ]),
      "authorities": .list(try await authorityViews(authorities, principal, visit)),
      "mayIssue": .flag(visit.may(.identitiesWrite) && !there.isEmpty), "problem": .optional(problem),
      "notice": .optional(notice),
      "done": .optional(notice == nil ? visit.query["done"].map { words.named("identities", "done-\($0)") } : nil),
      "chains": .list(there.map { option($0.rawValue, "identityChain", typed?["chain"], words) }),
      "profiles": .list(
        IdentityProfile.allCases.map { option($0.rawValue, "identityProfile", typed?["profile"], words) }),
      "typedHolder": .optional(typed?["holder"]), "typedOwner": .optional(typed?["owner"]),
      "typedNames": .optional(typed?["names"]), "typedRequest": .optional(typed?["request"]),
      "typedDays": .text(typed?["days"] ?? String(IdentityProfile.device.daysDefault)),
      "rows": .list(found.items.map { identityView($0, visit) }), "hasRows": .flag(!found.items.isEmpty),
      "range": .text(words("list.shown", ["n": String(found.items.count)])),
      "previous": .optional(visit.query["after"] == nil ? nil : visit.query.address(["after": nil])),
      "next": .optional(found.next.map { visit.query.address(["after": $0]) }),
    ]
    var response = try await page(
      visit, "identities", title: words("identities.title"), place: .identities, view: view,
      fragment: "identities-table")
    if problem != nil || notice != nil { response.status = .unprocessableContent }
    return response
  }

  private func choice(_ name: String, _ values: [String], _ visit: Visit) -> ViewValue {
    let page = "identity\(name.prefix(1).uppercased())\(name.dropFirst())"
    return filter(
      name, visit.words("identities.\(name)"), values.map { ($0, visit.words("\(page).\($0)")) },
      here: visit.query[name])
  }

  private func option(_ value: String, _ page: String, _ typed: String?, _ words: Words) -> ViewValue {
    ["value": .text(value), "text": .text(words("\(page).\(value)")), "here": .flag(value == typed)]
  }

  func identityView(_ certificate: IdentityCertificate, _ visit: Visit) -> ViewValue {
    let words = visit.words
    let state = certificate.state(at: visit.now)
    let tone =
      switch state {
      case .valid: "tag-ok"
      case .expiring: "tag-warn"
      case .expired: "tag-off"
      case .revoked: "tag-bad"
      }
    return [
      "id": .text(certificate.id.description), "holder": .text(certificate.holder), "owner": .text(certificate.owner),
      "chainName": .text(words("identityChain.\(certificate.chain.rawValue)")),
      "profileName": .text(words("identityProfile.\(certificate.profile.rawValue)")),
      "icon": .text(certificate.profile == .device ? "cpu" : "server"), "tone": .text(tone),
      "stateName": .text(words("identityState.\(state.rawValue)")),
      "until": .text(formats.moment(certificate.validUntil)), "serial": .text(certificate.serial),
      "names": .text(certificate.dnsNames.joined(separator: ", ")),
    ]
  }

  // MARK: Issuing

  private func issueIdentity(_ visit: Visit, _ form: PageForm) async throws -> Response {
    let principal = try visit.principal()
    let names = (form["names"] ?? "").split(whereSeparator: { $0.isWhitespace || ",，、;；".contains($0) })
    let new = NewIdentityCertificate(
      chain: form["chain"].flatMap { IdentityChain(rawValue: $0) } ?? .tls,
      profile: form["profile"].flatMap { IdentityProfile(rawValue: $0) } ?? .device, holder: form.text("holder") ?? "",
      owner: form.text("owner") ?? "", dnsNames: names.map(String.init), request: form.text("request") ?? "",
      days: form.text("days").map { Int($0) ?? 0 })
    do throws(IdentitiesError) {
      let made = try await services.identities.issue(new, by: principal)
      return Self.redirect("/identities/\(made.id)?done=issued")
    } catch {
      guard error.kind != .denied else { throw error }
      return try await identitiesPage(visit, typed: form, problem: text(error, visit))
    }
  }

  private func renewIdentity(_ visit: Visit, _ form: PageForm) async throws -> Response {
    let principal = try visit.principal()
    let id: ID<IdentityCertificate> = try visit.id("certificate")
    do throws(IdentitiesError) {
      let made = try await services.identities.renew(
        id, request: form.text("request"), days: form.text("days").map { Int($0) ?? 0 }, by: principal)
      return Self.redirect("/identities/\(made.id)?done=renewed")
    } catch {
      guard error.kind != .denied, error.kind != .notFound else { throw error }
      return try await identityPage(visit, typed: form, problem: text(error, visit))
    }
  }

  // MARK: One certificate

  private func identityPage(
    _ visit: Visit, typed: PageForm? = nil, problem: String? = nil
  ) async throws -> Response {
    let principal = try visit.principal()
    let words = visit.words
    let certificate = try await services.identities.certificate(try visit.id("certificate"), by: principal)
    let isGood = certificate.revokedAt == nil && visit.now <= certificate.validUntil
    let path = "/identities/\(certificate.id)"
    let view = identityView(certificate, visit).with([
      "from": .text(formats.moment(certificate.validFrom)), "issued": .text(formats.moment(certificate.issuedAt)),
      "hasNames": .flag(!certificate.dnsNames.isEmpty), "uri": .text("urn:anju:identity:\(certificate.id)"),
      "renews": .optional(certificate.renews.map { "/identities/\($0)" }),
      "revoked": .optional(certificate.revokedAt.map { formats.moment($0) }),
      "reason": .optional(certificate.reason.map { words("identityReason.\($0.rawValue)") }),
      "pem": .text(certificate.pem), "file": .text("\(path)/file"), "path": .text(path),
      "mayRenew": .flag(isGood && visit.may(.identitiesWrite)),
      "mayRevoke": .flag(certificate.revokedAt == nil && visit.may(.identitiesWrite)),
      "mayAudit": .flag(visit.may(.auditRead)), "problem": .optional(problem),
      "typedRequest": .optional(typed?["request"]),
      "typedDays": .text(typed?["days"] ?? String(certificate.profile.daysDefault)),
      "daysMax": .text(String(certificate.profile.daysMax)),
      "done": .optional(problem == nil ? visit.query["done"].map { words.named("identities", "done-\($0)") } : nil),
    ])
    var response = try await page(
      visit, "identity", title: certificate.holder, place: .identities,
      crumbs: [Crumb(name: words("identities.title"), href: "/identities"), Crumb(name: certificate.holder)],
      view: view)
    if problem != nil { response.status = .unprocessableContent }
    return response
  }

  // MARK: Revoking

  private func revocationForm(
    _ visit: Visit, typed: PageForm? = nil, problem: String? = nil
  ) async throws -> Response {
    let principal = try visit.principal()
    let words = visit.words
    guard visit.may(.identitiesWrite) else { throw Problem.denied(Permission.identitiesWrite.rawValue) }
    let certificate = try await services.identities.certificate(try visit.id("certificate"), by: principal)
    let heading = words("identities.revokeName", ["name": certificate.holder])
    let view = identityView(certificate, visit).with([
      "dialog": .flag(visit.isFragment), "heading": .text(heading), "problem": .optional(problem),
      "action": .text("/identities/\(certificate.id)/revocation"), "back": .text("/identities/\(certificate.id)"),
      "typedNote": .optional(typed?["note"]),
      "reasons": .list(
        IdentityRevocationReason.allCases.map { option($0.rawValue, "identityReason", typed?["reason"], words) }),
    ])
    var response = try await page(
      visit, "identity-revoke", title: heading, place: .identities,
      crumbs: [
        Crumb(name: words("identities.title"), href: "/identities"),
        Crumb(name: certificate.holder, href: "/identities/\(certificate.id)"), Crumb(name: heading),
      ],
      view: view, fragment: "identity-revoke")
    if problem != nil { response.status = .unprocessableContent }
    return response
  }

  private func revokeIdentity(_ visit: Visit, _ form: PageForm) async throws -> Response {
    let principal = try visit.principal()
    let id: ID<IdentityCertificate> = try visit.id("certificate")
    let reason = form["reason"].flatMap { IdentityRevocationReason(rawValue: $0) } ?? .unspecified
    do throws(IdentitiesError) {
      _ = try await services.identities.revoke(id, reason: reason, note: form.text("note") ?? "", by: principal)
      return Self.redirect("/identities/\(id)?done=revoked")
    } catch {
      guard case .fieldInvalid = error else { throw error }
      return try await revocationForm(visit, typed: form, problem: text(error, visit))
    }
  }

  /// What the context's error says, in the visitor's language; for a field which one it is.
  func text(_ error: IdentitiesError, _ visit: Visit) -> String {
    let words = visit.words
    switch error {
    case .fieldInvalid(let field, _): return words.named("identityField", field)
    case .requestMismatch(let field):
      return words("identities.mismatch", ["field": words.named("identityAsked", field)])
    case .keyService: return words("identities.vaultDown", ["code": error.code])
    default: return words.named("code", error.code)
    }
  }
}
