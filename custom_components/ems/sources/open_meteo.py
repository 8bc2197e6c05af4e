class OpenMeteoClient: pass
