// VirtualBuilding
