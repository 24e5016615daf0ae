package import Accounts

/// What a server says to whoever started it.
package enum Greeting {
  /// The accounts just made. To be said at once: whatever fails afterwards, the passwords are never shown again.
  package static func first(_ first: Accounts.First) -> String {
    """
    The first two accounts, whose passwords are shown this once. One runs the estate:

      account    \(first.operator.name)
      password   \(first.operatorPassword)

    The other makes accounts and gives roles; it sees no business data (docs/accounts.md):

      account    \(first.administrator.name)
      password   \(first.administratorPassword)

    """
  }

  /// Where it can be reached.
  package static func ready(_ addresses: AnjuServer.Addresses, dataFolder: String) -> String {
    var lines = ["Anju is ready: \(addresses.pages)", ""]
    lines.append("  devices    mqtts://\(addresses.devices)")
    if let control = addresses.buildingControl {
      lines.append("  building   \(control)   (./anju building do SD-0803 fire)")
    }
    if addresses.devicesWithoutKeys > 0 {
      lines.append("  keys       \(addresses.devicesWithoutKeys) locks and valves get theirs now, while it runs")
    }
    lines.append("  data       \(dataFolder)")
    lines.append("")
    lines.append("Your browser warns of a certificate it does not know: trust \(dataFolder)/ca/ca.pem, or go on.")
    lines.append("Ctrl-C ends it.")
    return lines.joined(separator: "\n")
  }
}
