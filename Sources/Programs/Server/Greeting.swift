package import Accounts

/// What a server says when it can be reached.
package struct Greeting: Sendable {
  private let addresses: AnjuServer.Addresses
  private let first: Accounts.First?
  private let dataFolder: String

  /// - Parameter first: the administrator just made; nil at later starts, when the password is known to its owner only.
  package init(addresses: AnjuServer.Addresses, first: Accounts.First?, dataFolder: String) {
    self.addresses = addresses
    self.first = first
    self.dataFolder = dataFolder
  }

  package var text: String {
    var lines = [
      "Anju is ready: \(addresses.pages)",
      "",
    ]
    if let first {
      lines.append(("  account    \(first.account.name)"))
      lines.append("  password   \(first.password)   (shown this once)")
    }
    lines.append("  devices    mqtts://\(addresses.devices)")
    if let control = addresses.buildingControl {
      lines.append("  building   \(control)   (./anju building do SD-0803 fire)")
    }
    lines.append("  data       \(dataFolder)")
    lines.append("")
    lines.append("Your browser warns of a certificate it does not know: trust \(dataFolder)/ca/ca.pem, or go on.")
    lines.append("Ctrl-C ends it.")
    return lines.joined(separator: "\n")
  }
}
