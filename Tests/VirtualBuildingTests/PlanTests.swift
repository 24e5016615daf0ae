import Foundation
import Testing
import TestSupport

@testable import VirtualBuilding

@Suite("Building plan")
struct PlanTests {
  @Test("twelve floors of fourteen rooms hold 708 devices, 684 with a connection of their own")
  func counts() {
    let plan = BuildingPlan()
    #expect(plan.devices.count == 708)
    #expect(plan.connected.count == 684)
    #expect(Set(plan.devices.map(\.name)).count == 708)
    #expect(plan.rooms.count == 168)
    let lines = plan.registryCSV.split(separator: "\n")
    #expect(lines.first == "name,model,room,gateway,labels")
    #expect(lines.contains("LK-0803,lock.basic,0803,,virtual"))
    #expect(lines.contains("GM-08,gas.basic,,GW-08,8F"))
    let order = lines.filter { $0.contains("-08,") }.map { String($0.prefix(2)) }
    #expect(order == ["GW", "GM", "EF"], "a gateway stands before what is behind it")
  }

  @Test("targets name devices by name, pattern, floor and room")
  func targets() {
    let plan = BuildingPlan(floors: 3, roomsPerFloor: 4)
    #expect(plan.select("LK-0203").map(\.name) == ["LK-0203"])
    #expect(plan.select("LK-02*").count == 4)
    #expect(plan.select("*-0203").count == 4)
    #expect(plan.select("floor:2").count == 19)
    #expect(plan.select("room:0203").count == 4)
    #expect(plan.select("all").count == plan.devices.count)
    #expect(plan.select("XX-1").isEmpty)
  }

  @Test("every word of the help can be read, and nonsense can not")
  func words() {
    for word in Mischief.words {
      let arguments: [String] = switch word.name {
      case "drift": ["-5000"]
      case "present": ["card", "04A1"]
      default: []
      }
      #expect(Mischief(word.name, arguments) != nil, "\(word.name)")
    }
    #expect(Mischief("nonsense") == nil)
    #expect(Mischief("drift", []) == nil && Mischief("drift", ["x"]) == nil)
    #expect(Mischief("repeat", ["0"]) == nil && Mischief("flood", ["100000"]) == nil)
    #expect(Mischief("tamper", ["1"]) == nil)
  }
}
