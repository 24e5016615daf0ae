import Hummingbird
import Kernel
import OpenAPI

extension Console {
  func installHelp(on router: some RouterMethods<HTTPContext>) {
    get("/help", on: router) { visit in
      _ = try visit.principal()
      return try await page(
        visit, "help", title: visit.words("help.title"), place: .help,
        view: helpView(visit).with(["dialog": .flag(visit.isFragment)]), fragment: "help")
    }
  }

  private func helpView(_ visit: Visit) -> ViewValue {
    let words = visit.words
    let keys: [(String, [String])] = [
      ("search", ["/"]), ("arrows", ["←", "→", "↑", "↓"]), ("enter", ["Enter"]), ("escape", ["Esc"]), ("help", ["?"]),
      ("tab", ["Tab"]),
    ]
    return [
      "keys": .list(
        keys.map { name, press in
          ["what": .text(words("help.key-\(name)")), "press": .list(press.map { .text($0) })]
        }),
      "states": .list(
        RoomState.allCases.map { state in
          [
            "state": .text(state.rawValue), "name": .text(words("roomState.\(state.rawValue)")),
            "what": .text(words("help.state-\(state.rawValue)")), "icon": .optional(state.icon),
          ]
        }),
      "levels": .list(
        AlarmTone.allCases.map { level in
          [
            "tone": .text(level.tag), "name": .text(words("level.\(level.rawValue)")),
            "what": .text(words("help.level-\(level.rawValue)")),
          ]
        }),
    ]
  }
}
