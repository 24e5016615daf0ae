package import Accounts
package import Alarms
package import Audit
package import Devices
package import Estate
import Foundation
import HTTPTypes
package import Hummingbird
package import Identities
package import Kernel
package import OpenAPI
package import Privacy
package import Provisioning

/// The web pages (运营台): what an operator sees and does.
///
/// Every page works as plain links and forms; a script only swaps parts of the same page and keeps them live. It takes
/// the router that `RequestShell` and `Identification` stand before, and adds its routes.
package struct Console: Sendable {
  /// What the pages ask and tell.
  package struct Services: Sendable {
    package let accounts: Accounts
    package let estate: Estate
    package let devices: Devices
    package let alarms: Alarms
    package let privacy: Privacy
    package let audit: AuditLog
    package let identities: Identities
    package let provisioning: Provisioning
    package let journal: Journal

    package init(
      accounts: Accounts, estate: Estate, devices: Devices, alarms: Alarms, privacy: Privacy, audit: AuditLog,
      identities: Identities, provisioning: Provisioning, journal: Journal
    ) {
      self.accounts = accounts
      self.estate = estate
      self.devices = devices
      self.alarms = alarms
      self.privacy = privacy
      self.audit = audit
      self.identities = identities
      self.provisioning = provisioning
      self.journal = journal
    }
  }

  let services: Services
  let door: SessionDoor
  let identify: Identify
  let rates: OpenAPISurface.Rates
  let time: Timekeeper
  let ids: IDSource
  let formats: Formats
  let templates: Templates
  let words: [Language: Words]
  let files: StaticFiles
  let streams: LiveStreams

  /// Reads templates, texts and files.
  ///
  /// - Parameters:
  ///   - vendorFolder: what `scripts/assets` collected; nil leaves `/vendor` empty, for tests.
  ///   - ids: gives each form of a command its own key, so that a form sent twice is one command.
  ///   - offsetMinutes: minutes east of UTC of the place whose time the pages show.
  /// - Throws: when a folder is missing or a template is malformed.
  package init(
    services: Services, door: SessionDoor, identify: Identify, rates: OpenAPISurface.Rates, vendorFolder: String?,
    time: Timekeeper, ids: IDSource, offsetMinutes: Int = 480
  ) throws {
    self.services = services
    self.door = door
    self.identify = identify
    self.rates = rates
    self.time = time
    self.ids = ids
    self.formats = Formats(offsetMinutes: offsetMinutes)
    let resources = try Self.resources()
    self.templates = try Templates(folder: resources.appendingPathComponent("Templates"))
    self.words = try Self.words(resources.appendingPathComponent("Localizations"))
    var folders = ["static": resources.appendingPathComponent("Static")]
    if let vendorFolder { folders["vendor"] = URL(fileURLWithPath: vendorFolder) }
    self.files = try StaticFiles(folders: folders)
    self.streams = LiveStreams()
  }

  /// Adds the pages.
  package func install(on router: some RouterMethods<HTTPContext>) {
    installFiles(on: router)
    installSignIn(on: router)
    installToday(on: router)
    installBoard(on: router)
    installDevices(on: router)
    installDevice(on: router)
    installAlarms(on: router)
    installMyData(on: router)
    installPrivacy(on: router)
    installRetention(on: router)
    installCounter(on: router)
    installAudit(on: router)
    installVerification(on: router)
    installIdentities(on: router)
    installStations(on: router)
    installLots(on: router)
    installDeviceKeys(on: router)
    installLive(on: router)
    installHelp(on: router)
    installSignInCompletion(on: router)
    installAccount(on: router)
    installPeople(on: router)
    installKeys(on: router)
    get("/", on: router) { visit in Self.redirect(home(visit)) }
    get("**", on: router) { visit in
      // The open interface answers for its own paths.
      guard !visit.query.path.hasPrefix("/api/") else { throw HTTPError(.notFound) }
      throw Problem.routeUnknown
    }
  }

  /// The first page that the person may see.
  func home(_ visit: Visit) -> String {
    let first = Place.allCases.first { $0.isOpen(to: visit) && $0 != .help }
    return first.map { "/\($0.rawValue)" } ?? "/account"
  }

  static func resources() throws -> URL {
    guard let folder = Bundle.module.resourceURL else { throw ResourcesMissing() }
    return folder
  }

  static func words(_ folder: URL) throws -> [Language: Words] {
    var words: [Language: Words] = [:]
    for language in Language.allCases {
      let file = folder.appendingPathComponent("\(language.rawValue).json")
      words[language] = try Words(language: language, json: Data(contentsOf: file))
    }
    return words
  }

  static func redirect(_ path: String) -> Response {
    Response(status: .seeOther, headers: [.location: path, .cacheControl: "no-store"])
  }
}

/// The program was installed without its pages.
package struct ResourcesMissing: Error {}
