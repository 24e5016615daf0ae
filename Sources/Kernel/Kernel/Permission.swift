/// What a principal may be allowed to do. A use case names the one it needs.
package enum Permission: String, CaseIterable, Sendable, Codable {
  case accountsRead = "accounts.read"
  case accountsWrite = "accounts.write"
  case alarmsAcknowledge = "alarms.acknowledge"
  case alarmsRead = "alarms.read"
  case devicesCommand = "devices.command"
  case devicesRead = "devices.read"
  case devicesWrite = "devices.write"
  case estateRead = "estate.read"
  case estateWrite = "estate.write"
}
