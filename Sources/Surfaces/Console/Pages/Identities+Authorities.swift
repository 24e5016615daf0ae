import Hummingbird
import Identities
import Kernel
import OpenAPI

/// The authorities on the page of identity certificates: their succession, and what is to be done next.
extension Console {
  func installAuthorities(on router: some RouterMethods<HTTPContext>) {
    post("/identities/authorities", on: router) { visit, form in
      guard let chain = form["chain"].flatMap({ IdentityChain(rawValue: $0) }) else { throw Problem.notFound("chain") }
      let follows = form.text("follows").flatMap { ID<IdentityAuthority>($0) }
      return try await authorityAct(visit, done: follows == nil ? "established" : "prepared") {
        (identities, principal) throws(IdentitiesError) in
        _ = try await identities.establish(chain, following: follows, by: principal)
      }
    }
    post("/identities/authorities/:authority/takeover", on: router) { visit, _ in
      let id: ID<IdentityAuthority> = try visit.id("authority")
      return try await authorityAct(visit, done: "tookOver") { (identities, principal) throws(IdentitiesError) in
        _ = try await identities.takeOver(id, by: principal)
      }
    }
    post("/identities/authorities/:authority/retirement", on: router) { visit, _ in
      let id: ID<IdentityAuthority> = try visit.id("authority")
      return try await authorityAct(visit, done: "retired") { (identities, principal) throws(IdentitiesError) in
        _ = try await identities.retire(id, by: principal)
      }
    }
  }

  /// Does it, and shows the page with what came of it.
  private func authorityAct(
    _ visit: Visit, done: String, _ act: (Identities, Principal) async throws(IdentitiesError) -> Void
  ) async throws -> Response {
    let principal = try visit.principal()
    do throws(IdentitiesError) { try await act(services.identities, principal) } catch {
      guard error.kind != .denied else { throw error }
      return try await identitiesPage(visit, notice: text(error, visit))
    }
    return Self.redirect("/identities?done=\(done)")
  }

  /// A card for each authority, the newest of each chain first, and one for a chain that has none.
  func authorityViews(
    _ authorities: [IdentityAuthority], _ principal: Principal, _ visit: Visit
  ) async throws -> [ViewValue] {
    let unended = try await services.identities.unended(by: principal)
    return IdentityChain.allCases.flatMap { chain -> [ViewValue] in
      let there = authorities.filter { $0.chain == chain }
      guard !there.isEmpty else { return [missingView(chain, principal, visit)] }
      let latest = there.map(\.generation).max() ?? 1
      return there.map { authority in
        let isLast = authority.generation == latest
        return authorityView(authority, unended[authority.id] ?? 0, visit).with([
          "mayPrepare": .flag(authority.state == .issuing && isLast && visit.may(.identitiesAuthorities)),
          "command": .text(command(chain, generation: latest + 1, principal)),
        ])
      }
    }
  }

  private func nameView(_ chain: IdentityChain, generation: Int, _ visit: Visit) -> ViewValue {
    let name = visit.words("identityAuthority.\(chain.rawValue)")
    return [
      "chain": .text(chain.rawValue), "heading": .text("ca-\(chain.rawValue)-\(generation)"),
      "name": .text(generation == 1 ? name : "\(name) G\(generation)"),
      "hint": .text(visit.words("identityAuthority.\(chain.rawValue)Hint")),
      "icon": .text(chain == .tls ? "lock" : "shield-check"),
    ]
  }

  private func missingView(_ chain: IdentityChain, _ principal: Principal, _ visit: Visit) -> ViewValue {
    nameView(chain, generation: 1, visit).with([
      "isThere": .flag(false), "mayEstablish": .flag(visit.may(.identitiesAuthorities)),
      "command": .text(command(chain, generation: 1, principal)),
    ])
  }

  private func command(_ chain: IdentityChain, generation: Int, _ principal: Principal) -> String {
    let organisation = principal.organisation.bytes.hexadecimal
    let purpose = chain.purpose(generation: generation)
    let algorithm = chain == .tls ? "p256" : "sm2"
    return "anju vault propose ca organisation=\(organisation) purpose=\(purpose) algorithm=\(algorithm)"
  }

  private func authorityView(_ authority: IdentityAuthority, _ unended: Int, _ visit: Visit) -> ViewValue {
    let words = visit.words
    let path = "/api/v1/identity-authorities/\(authority.id)"
    let known = services.identities.listAddress(of: authority.id)
    let tone =
      switch authority.state {
      case .next: "tag-info"
      case .issuing: authority.isEnding(at: visit.now) ? "tag-warn" : "tag-ok"
      case .superseded, .retired: "tag-off"
      }
    let ending = authority.isEnding(at: visit.now)
    let state = words(ending ? "identities.ending" : "identityAuthorityState.\(authority.state.rawValue)")
    return nameView(authority.chain, generation: authority.generation, visit).with([
      "isThere": .flag(true), "tone": .text(tone), "stateName": .text(state),
      "until": .text(formats.moment(authority.validUntil)), "file": .text("\(path)/certificate"),
      "list": .text("\(path)/revocation-list"), "listNumber": .text(String(authority.list.number)),
      "listMade": .text(formats.moment(authority.list.madeAt)),
      "listNext": .optional(authority.state == .retired ? nil : formats.moment(authority.list.nextAt)),
      "behind": .flag(authority.isListBehind), "unended": .text(String(unended)),
      "address": .text(known ?? "https://\(visit.request.head.authority ?? "")\(path)/revocation-list"),
      "isAddressMissing": .flag(known == nil && authority.state == .issuing), "id": .text(authority.id.description),
      "mayTakeOver": .flag(authority.state == .next && visit.may(.identitiesAuthorities)),
      "mayRetire": .flag(authority.state == .superseded && unended == 0 && visit.may(.identitiesAuthorities)),
    ])
  }
}
