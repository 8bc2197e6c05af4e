// A pulse meter (S0, 1000 pulses per kWh) on an ESP8266 that posts to EMS every minute.
//
// In EMS: Add meter → A device that posts its readings, "Since the last report", every 60 s.
// Board package: esp8266 by ESP8266 Community, 3.x. No other library is needed.
//
// A report is kept until EMS has taken it, and is sent again as it was: its timestamp tells EMS when it has it already
// (409), so nothing counts twice and nothing is lost while the network is down.

#include <ESP8266HTTPClient.h>
#include <ESP8266WiFi.h>
#include <time.h>

const char *WIFI_SSID = "...";
const char *WIFI_PASSWORD = "...";
const char *EMS_URL = "http://homeassistant.local:8123/api/ems/ingest/0000000000000000";
const char *EMS_KEY = "...";

const int PULSE_PIN = D5;
const double KWH_PER_PULSE = 0.001;
const unsigned long INTERVAL_MS = 60000;
const unsigned long RETRY_MS = 10000;
const unsigned long BOUNCE_MS = 20;
const time_t CLOCK_IS_SET = 1700000000;

volatile unsigned long pulses = 0;
volatile unsigned long lastPulseMs = 0;

struct Report {
  unsigned long pulses;
  time_t stamp;  // 0: there is none waiting
} report = {0, 0};

unsigned long lastReportMs = 0;
unsigned long lastTryMs = 0;

void IRAM_ATTR onPulse() {
  const unsigned long now = millis();
  if (now - lastPulseMs >= BOUNCE_MS) {
    pulses = pulses + 1;
    lastPulseMs = now;
  }
}

int post(const Report &what) {
  char body[96];
  snprintf(body, sizeof(body), "{\"timestamp\": %lu, \"energy_consumed\": %.3f}",
           (unsigned long) what.stamp, what.pulses * KWH_PER_PULSE);
  WiFiClient client;
  HTTPClient http;
  http.setTimeout(8000);
  if (!http.begin(client, EMS_URL)) return -1;
  http.addHeader("Content-Type", "application/json");
  http.addHeader("X-API-Key", EMS_KEY);
  const int status = http.POST((uint8_t *) body, strlen(body));
  if (status != 200) Serial.printf("EMS: %d %s\n", status, http.getString().c_str());
  http.end();
  return status;
}

void setup() {
  Serial.begin(115200);
  pinMode(PULSE_PIN, INPUT_PULLUP);
  attachInterrupt(digitalPinToInterrupt(PULSE_PIN), onPulse, FALLING);
  WiFi.mode(WIFI_STA);
  WiFi.begin(WIFI_SSID, WIFI_PASSWORD);
  configTime(0, 0, "pool.ntp.org");
}

void loop() {
  delay(50);
  if (WiFi.status() != WL_CONNECTED || time(nullptr) < CLOCK_IS_SET) return;
  if (report.stamp == 0 && millis() - lastReportMs >= INTERVAL_MS) {
    noInterrupts();
    report.pulses = pulses;
    pulses = 0;
    interrupts();
    report.stamp = time(nullptr);
    lastReportMs = millis();
    lastTryMs = millis() - RETRY_MS;
  }
  if (report.stamp == 0 || millis() - lastTryMs < RETRY_MS) return;
  lastTryMs = millis();
  const int status = post(report);
  if (status == 200 || status == 409) report.stamp = 0;  // 409: it had arrived, the answer was lost
  if (status == 400) report.stamp = time(nullptr);       // too old by now; nothing of it was counted
}
