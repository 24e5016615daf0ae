/// Light, dark, or as the person's system says.
enum Theme: String, Sendable, CaseIterable {
  case light
  case dark
  case system

  /// When the dark colours apply: a media query of the stylesheet's link, so that no script has to run first.
  var media: String {
    switch self {
    case .light: "not all"
    case .dark: "all"
    case .system: "(prefers-color-scheme: dark)"
    }
  }

  /// What the browser draws its own controls in.
  var scheme: String {
    switch self {
    case .light: "light"
    case .dark: "dark"
    case .system: "light dark"
    }
  }

  var icon: String {
    switch self {
    case .light: "sun"
    case .dark: "moon"
    case .system: "monitor"
    }
  }
}
