import HTTPTypes
import Hummingbird
import Kernel
import OpenAPI
import Privacy

/// What a person says at the counter: consents and withdrawals, written down with the form that was signed (柜台登记).
extension Console {
  func installCounter(on router: some RouterMethods<HTTPContext>) {
    get("/privacy/persons", on: router) { visit in
      // The form of the list of requests: a person's number leads to the person.
      guard let id = visit.query["person"].flatMap({ ID<DataSubject>($0) }) else { throw Problem.notFound("person") }
      return Self.redirect("/privacy/persons/\(id)")
    }
    get("/privacy/persons/:person", on: router) { visit in try await counterPage(visit) }
    post("/privacy/persons/:person/consents", on: router) { visit, form in
      let id: ID<DataSubject> = try visit.id("person")
      let will = ConsentWill(
        form["act"] == "grant" ? .grant : .withdraw, form.text("purpose") ?? "",
        version: form["version"].flatMap { Int($0) }, isExplicit: form["explicit"] == "yes",
        language: visit.language.rawValue, channel: "counter")
      do throws(PrivacyError) {
        let principal: Principal
        do { principal = try visit.principal() } catch { throw .denied(Denied(permission: .privacyWrite)) }
        _ = try await services.privacy.record(
          will, for: id, evidence: form.text("evidence") ?? "", asGuardian: form["guardian"] == "yes", by: principal)
        return Self.redirect("/privacy/persons/\(id)?done=1")
      } catch {
        guard error.kind == .invalid || error.kind == .conflict else { throw error }
        return try await counterPage(visit, problem: visit.words.named("code", error.code))
      }
    }
  }

  private func counterPage(_ visit: Visit, problem: String? = nil) async throws -> Response {
    let words = visit.words
    let principal = try visit.principal()
    guard visit.may(.privacyRead) else { throw Problem.denied(Permission.privacyRead.rawValue) }
    let id: ID<DataSubject> = try visit.id("person")
    let states = try await services.privacy.consents(of: id, by: principal)
    let holdings = try await holdingsView(visit, id, principal)
    let title = words("counter.title")
    let card = try await contactsOfSubject(id, visit)
    let view = ViewValue.object(holdings).with([
      "card": card ?? .none,
      "person": .text(id.description), "mayWrite": .flag(visit.may(.privacyWrite) && id.tagged() != principal.id),
      "problem": .optional(problem),
      "saved": .optional(visit.query["done"] == nil || problem != nil ? nil : words("counter.saved")),
      "consents": .list(
        states.map { state in
          let shown = state.purpose.current
          let moment = (state.granted ?? state.withdrawn)?.at
          return [
            "key": .text(state.purpose.key), "version": .text(String(shown.version)),
            "name": .text(visit.pick(shown.zh.name, shown.en.name)),
            "text": .text(visit.pick(shown.zh.text, shown.en.text)),
            "isSensitive": .flag(state.purpose.isSensitive), "isGranted": .flag(state.isGranted),
            "stateName": .text(words(state.isGranted ? "myData.agreed" : "myData.notAgreed")),
            "tone": state.isGranted ? "tag-ok" : "tag-off",
            "said": .optional(
              moment.map { words(state.isGranted ? "myData.given" : "myData.withdrawn", ["at": formats.moment($0)]) }),
          ]
        }),
    ])
    var response = try await page(
      visit, "counter", title: title, place: .privacy,
      crumbs: [Crumb(name: words("privacy.title"), href: "/privacy"), Crumb(name: title)], view: view)
    if problem != nil { response.status = .unprocessableContent }
    return response
  }
}
