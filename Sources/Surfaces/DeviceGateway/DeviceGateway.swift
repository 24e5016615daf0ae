// DeviceGateway
