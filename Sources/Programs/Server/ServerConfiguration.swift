package import Configuration
package import Foundation

/// All that a server can be told, read once at the start.
///
/// Each setting has a command-line option and an environment variable; the option wins.
package struct ServerConfiguration: Sendable, Equatable {
  /// The folder that holds everything the server keeps. `--data`, `ANJU_DATA`.
  package var dataFolder: URL
  /// The address of both listeners: loopback unless `--public`. `--listen`, `ANJU_LISTEN`.
  package var listenAddress: String
  /// HTTPS of the API and the pages; 0 takes a free one. `--http-port`, `ANJU_HTTP_PORT`.
  package var httpPort: Int
  /// MQTT over TLS for devices; 0 takes a free one. `--mqtt-port`, `ANJU_MQTT_PORT`.
  package var mqttPort: Int
  /// More names and addresses of this server that its certificate shall carry. `--names`, `ANJU_NAMES`.
  package var names: [String]
  /// Under which address others reach the pages and the API, as `https://anju.example.com`: goes into identity
  /// certificates as the address of their list. `--public-address`, `ANJU_PUBLIC_ADDRESS`.
  package var publicAddress: String?
  /// Starts without the virtual building. `--empty`, `ANJU_EMPTY`.
  package var isEmpty: Bool
  /// The virtual building's control interface, on loopback; 0 takes a free one. `--control-port`, `ANJU_CONTROL_PORT`.
  package var controlPort: Int
  /// A PostgreSQL connection string; without it the embedded store. `--postgres`, `ANJU_POSTGRES`.
  package var postgres: String?
  /// The key service's own folder. `--vault-data`, `ANJU_VAULT_DATA`.
  package var vaultFolder: URL
  /// Starts the key service beside the server. `--no-vault`, `ANJU_VAULT_START`.
  package var startsVault: Bool
  /// A folder on another disk or machine for copies of the audit log's checkpoints. `--audit-copies`,
  /// `ANJU_AUDIT_COPIES`.
  package var auditCopies: URL?
  /// A program that keeps each of those checkpoints, given as its input. `--audit-command`, `ANJU_AUDIT_COMMAND`.
  package var auditCommand: String?
  /// The folder of the pages' collected assets. `--vendor`, `ANJU_VENDOR`.
  package var vendorFolder: URL
  /// Minutes east of UTC of the estate's days: 480 in China. `--zone-minutes`, `ANJU_ZONE_MINUTES`.
  package var zoneMinutes: Int
  /// trace, debug, info, notice, warning, error. `--log-level`, `ANJU_LOG_LEVEL`.
  package var logLevel: String

  /// Reads and checks the settings.
  ///
  /// - Parameters:
  ///   - reader: the options over the environment; keys as in `Key`.
  ///   - home: the folder that `.anju` is made in unless told otherwise.
  /// - Throws: `ConfigurationError` with the key's name.
  package init(reader: ConfigReader, home: URL) throws(ConfigurationError) {
    func text(_ key: Key) -> String? { reader.string(forKey: key.configKey) }
    func port(_ key: Key, default value: Int) throws(ConfigurationError) -> Int {
      guard let given = text(key) else { return value }
      guard let port = Int(given), (0...65_535).contains(port) else {
        throw ConfigurationError(key: key, value: given, expected: "a port, 0 to 65535")
      }
      return port
    }
    let hidden = home.appendingPathComponent(".anju", isDirectory: true)
    dataFolder = text(.data).map { URL(fileURLWithPath: $0, isDirectory: true) }
      ?? hidden.appendingPathComponent("data", isDirectory: true)
    vendorFolder = text(.vendor).map { URL(fileURLWithPath: $0, isDirectory: true) }
      ?? hidden.appendingPathComponent("vendor", isDirectory: true)
    vaultFolder = text(.vaultData).map { URL(fileURLWithPath: $0, isDirectory: true) }
      ?? URL(fileURLWithPath: dataFolder.path + "-vault", isDirectory: true)
    let vault = text(.vaultStart) ?? "true"
    guard let startsVault = Bool(vault) else {
      throw ConfigurationError(key: .vaultStart, value: vault, expected: "true or false")
    }
    self.startsVault = startsVault
    listenAddress = text(.listen) ?? "127.0.0.1"
    httpPort = try port(.httpPort, default: 8_443)
    mqttPort = try port(.mqttPort, default: 8_883)
    controlPort = try port(.controlPort, default: 8_090)
    let empty = text(.empty) ?? "false"
    guard let isEmpty = Bool(empty) else {
      throw ConfigurationError(key: .empty, value: empty, expected: "true or false")
    }
    self.isEmpty = isEmpty
    names = (text(.names) ?? "").split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    publicAddress = try Self.publicAddress(text(.publicAddress))
    postgres = text(.postgres)
    auditCopies = text(.auditCopies).map { URL(fileURLWithPath: $0, isDirectory: true) }
    auditCommand = text(.auditCommand)
    logLevel = text(.logLevel) ?? "notice"
    guard Self.logLevels.contains(logLevel) else {
      throw ConfigurationError(key: .logLevel, value: logLevel, expected: Self.logLevels.joined(separator: ", "))
    }
    let zone = text(.zoneMinutes) ?? "480"
    guard let minutes = Int(zone), (-720...840).contains(minutes) else {
      throw ConfigurationError(key: .zoneMinutes, value: zone, expected: "minutes east of UTC, -720 to 840")
    }
    zoneMinutes = minutes
  }

  /// A scheme and a host with its port, nothing behind them; a slash at the end is taken away.
  private static func publicAddress(_ given: String?) throws(ConfigurationError) -> String? {
    guard let given else { return nil }
    let text = given.hasSuffix("/") ? String(given.dropLast()) : given
    let form = #/^https?:\/\/([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?$/#
    guard text.utf8.count <= 200, text.contains(form) else {
      throw ConfigurationError(key: .publicAddress, value: given, expected: "as https://anju.example.com:8443")
    }
    return text
  }

  private static let logLevels = ["trace", "debug", "info", "notice", "warning", "error", "critical"]
}

extension ServerConfiguration {
  /// The settings' names: `http.port` is `--http-port` and `ANJU_HTTP_PORT`.
  package enum Key: String, CaseIterable, Sendable {
    case auditCommand = "audit.command"
    case auditCopies = "audit.copies"
    case controlPort = "control.port"
    case data
    case empty
    case httpPort = "http.port"
    case listen
    case logLevel = "log.level"
    case mqttPort = "mqtt.port"
    case names
    case postgres
    case publicAddress = "public.address"
    case vaultData = "vault.data"
    case vaultStart = "vault.start"
    case vendor
    case zoneMinutes = "zone.minutes"

    package var environmentName: String {
      "ANJU_" + rawValue.uppercased().replacingOccurrences(of: ".", with: "_")
    }

    package var configKey: ConfigKey { ConfigKey("anju." + rawValue) }
  }

  /// Variables of the environment that begin with `ANJU_` and are not settings.
  private static let otherVariables: Set<String> = ["ANJU_HOME", "ANJU_CLAUSE_LOG", "ANJU_PASSWORD"]

  /// Reads options over the environment.
  ///
  /// - Parameters:
  ///   - options: settings given on the command line.
  ///   - environment: all variables; an unknown one that begins with `ANJU_` stops the start.
  ///   - currentFolder: the home when `ANJU_HOME` is not set.
  /// - Throws: `ConfigurationError` with the key's name.
  package static func read(
    options: [Key: String], environment: [String: String], currentFolder: URL
  ) throws(ConfigurationError) -> ServerConfiguration {
    let known = Set(Key.allCases.map(\.environmentName)).union(otherVariables)
    let unknown = environment.keys.filter { $0.hasPrefix("ANJU_") && !known.contains($0) }.sorted()
    if let name = unknown.first { throw ConfigurationError(unknown: name, known: known) }
    let values = Dictionary(
      uniqueKeysWithValues: options.map { key, value in
        (AbsoluteConfigKey(key.configKey), ConfigValue(.string(value), isSecret: key == .postgres))
      })
    let reader = ConfigReader(providers: [
      InMemoryProvider(values: values),
      EnvironmentVariablesProvider(
        environmentVariables: environment, secretsSpecifier: .specific([Key.postgres.environmentName])),
    ])
    let home = environment["ANJU_HOME"].map { URL(fileURLWithPath: $0, isDirectory: true) } ?? currentFolder
    return try ServerConfiguration(reader: reader, home: home)
  }
}
