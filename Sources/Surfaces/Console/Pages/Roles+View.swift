import Accounts
import Estate
import Kernel

/// Where roles can hold, by name.
struct PlaceNames: Sendable {
  var projects: [ID<Project>: String] = [:]
  var buildings: [ID<Building>: String] = [:]
  /// Kind and id, and what is shown, in the order of choosing.
  var choices: [(value: String, text: String)] = []

  func name(_ scope: Scope, _ words: Words) -> String {
    switch scope {
    case .organisation: words("people.everywhere")
    case .project(let id): projects[id.tagged()] ?? words("people.placeGone")
    case .building(let id): buildings[id.tagged()] ?? words("people.placeGone")
    }
  }
}

extension Console {
  /// At most a thousand projects and buildings; nothing for who may not see any.
  func placeNames(_ principal: Principal) async throws -> PlaceNames {
    var names = PlaceNames()
    guard principal.permissions.contains(.estateRead) else { return names }
    let page = PageRequest(limit: 1_000)
    for project in try await services.estate.projects(page, by: principal).items {
      names.projects[project.id] = project.name
      names.choices.append(("project:\(project.id)", project.name))
      for building in try await services.estate.buildings(project: project.id, page, by: principal).items {
        names.buildings[building.id] = "\(project.name) \(building.name)"
        names.choices.append(("building:\(building.id)", "\(project.name) \(building.name)"))
      }
    }
    return names
  }

  func assignmentView(_ assignment: RoleAssignment, _ places: PlaceNames, _ visit: Visit) -> ViewValue {
    let words = visit.words
    let holds = assignment.holds(at: visit.now)
    var time = words("people.since", ["time": formats.moment(assignment.from)])
    if let until = assignment.until { time += " · " + words("people.until", ["time": formats.moment(until)]) }
    return [
      "id": .text(assignment.id.description), "role": .text(words("role.\(assignment.role.rawValue)")),
      "place": .text(places.name(assignment.scope, words)), "time": .text(time),
      "tone": holds ? "tag-brand" : "tag-off",
      "state": holds
        ? .none : .text(words(assignment.from > visit.now ? "people.notYet" : "people.over")),
    ]
  }

  /// The scope of a form's choice, `building:ID`; nil for anything that is none.
  static func scope(_ text: String?) -> Scope? {
    guard let text, text != "organisation" else { return .organisation }
    let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
    guard parts.count == 2 else { return nil }
    switch parts[0] {
    case "project": return ID<Scope.ProjectTag>(parts[1]).map { .project($0) }
    case "building": return ID<Scope.BuildingTag>(parts[1]).map { .building($0) }
    default: return nil
    }
  }
}
