"""The ABB B23 over a real socket, read by pymodbus' own client."""

import pytest

from .lab import Lab

PHASES = range(3)


async def test_powers_on_the_wire_are_the_powers_of_the_home(lab: Lab):
    wire, snapshot = await lab.wire("meter"), lab.home.snapshot
    assert await wire.value(0x5B14, "INT32") / 100 == pytest.approx(snapshot.grid_total_w, abs=0.006)
    for i in PHASES:
        assert await wire.value(0x5B16 + 2 * i, "INT32") / 100 == pytest.approx(snapshot.grid_w[i], abs=0.006)


async def test_export_is_negative_power_and_counts_up_the_export_register(lab: Lab):
    wire = await lab.wire("meter")
    lab.home.battery.energy_wh = lab.home.battery.spec.capacity_wh
    lab.live(60)
    assert lab.home.snapshot.grid_total_w < -1000, "a June noon with a full battery exports"
    before = await wire.value(0x5004, "UINT64")
    lab.live(3600)
    assert await wire.value(0x5B14, "INT32") < 0
    assert await wire.value(0x5004, "UINT64") > before


async def test_energies_are_in_hundredths_of_a_kilowatt_hour(lab: Lab):
    wire, meter = await lab.wire("meter"), lab.home.meter
    assert await wire.value(0x5000, "UINT64") == int(meter.import_wh / 10)
    assert await wire.value(0x5004, "UINT64") == int(meter.export_wh / 10)
    net = await wire.value(0x5008, "INT64")
    assert net == pytest.approx((meter.import_wh - meter.export_wh) / 10, abs=1)
    for i in PHASES:
        assert await wire.value(0x5460 + 4 * i, "UINT64") == int(meter.phase_import_wh[i] / 10)
        assert await wire.value(0x546C + 4 * i, "UINT64") == int(meter.phase_export_wh[i] / 10)


async def test_voltages_currents_and_power_factors_fit_the_powers(lab: Lab):
    """The map comes from one physics: S = V·I and PF = P/S hold within the registers' resolution."""
    wire = await lab.wire("meter")
    for i in PHASES:
        volts = await wire.value(0x5B00 + 2 * i, "UINT32") / 10
        amps = await wire.value(0x5B0C + 2 * i, "UINT32") / 100
        watts = await wire.value(0x5B16 + 2 * i, "INT32") / 100
        apparent = await wire.value(0x5B26 + 2 * i, "INT32") / 100
        factor = await wire.value(0x5B3B + i, "INT16") / 1000
        assert 210 < volts < 250
        assert volts * amps == pytest.approx(apparent, rel=0.01, abs=2)
        assert factor * apparent == pytest.approx(watts, rel=0.01, abs=2)


async def test_frequency_is_one_word(lab: Lab):
    wire = await lab.wire("meter")
    assert await wire.value(0x5B2C, "UINT16") / 100 == pytest.approx(
        lab.home.snapshot.frequency_hz, abs=0.006
    )


async def test_the_meter_says_who_it_is(lab: Lab):
    wire = await lab.wire("meter")
    assert await wire.value(0x8900, "UINT32") == 21405519
    assert await wire.text(0x8908, 8) == "B3.27.0"
    assert await wire.text(0x8960, 6) == "B23 212-100"


async def test_a_missing_quantity_reads_as_all_ones(lab: Lab):
    wire = await lab.wire("meter")
    assert await wire.registers(0x5B34, 3) == [0xFFFF] * 3


async def test_the_instantaneous_block_can_be_read_in_one_request(lab: Lab):
    wire = await lab.wire("meter")
    assert len(await wire.registers(0x5B00, 0x42)) == 0x42


@pytest.mark.parametrize(
    ("address", "count", "code"),
    [
        (0x4FFF, 1, 2),  # before the map
        (0x5024, 2, 2),  # behind a block
        (0x5B40, 10, 2),  # across the end of a block
    ],
)
async def test_reads_outside_the_map_are_refused(lab: Lab, address: int, count: int, code: int):
    wire = await lab.wire("meter")
    response = await wire.client.read_holding_registers(address, count=count, device_id=1)
    assert response.exception_code == code


async def test_the_meter_knows_no_input_registers_and_cannot_be_written(lab: Lab):
    wire = await lab.wire("meter")
    assert (await wire.client.read_input_registers(0x5B14, count=2, device_id=1)).exception_code == 1
    assert (await wire.client.write_register(0x5B2C, 1, device_id=1)).exception_code == 2


async def test_a_unit_that_is_not_there_is_reported_by_the_gateway(lab: Lab):
    wire = await lab.wire("meter", unit=7)
    response = await wire.client.read_holding_registers(0x5B14, count=2, device_id=7)
    assert response.exception_code == 0x0B
