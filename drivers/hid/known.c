/* known.c - which ids are whose. */
#include "drivers/hid/hidups.h"

const struct usb_known hidups_known[] = {
	{ 0x03f0, 0x0001, &hidups_tripplite }, /* HP, made by Tripp Lite */
	{ 0x03f0, 0x1f06, &hidups_tripplite },
	{ 0x03f0, 0x1f08, &hidups_tripplite },
	{ 0x03f0, 0x1f09, &hidups_tripplite },
	{ 0x03f0, 0x1f0a, &hidups_tripplite },
	{ 0x03f0, 0x1fe0, &hidups_tripplite },
	{ 0x03f0, 0x1fe1, &hidups_tripplite },
	{ 0x03f0, 0x1fe2, &hidups_tripplite },
	{ 0x03f0, 0x1fe3, &hidups_tripplite },
	{ 0x03f0, 0x1fe5, &hidups_mge }, /* HP, made by MGE */
	{ 0x03f0, 0x1fe6, &hidups_mge },
	{ 0x03f0, 0x1fe7, &hidups_mge },
	{ 0x03f0, 0x1fe8, &hidups_mge },
	{ 0x0463, 0x0001, &hidups_mge }, /* Eaton, MGE */
	{ 0x0463, 0xffff, &hidups_mge },
	{ 0x047c, 0xffff, &hidups_mge },     /* Dell */
	{ 0x0483, 0xa113, &hidups_ever },    /* Ever, ST */
	{ 0x04b3, 0x0001, &hidups_mge },     /* IBM */
	{ 0x04d8, 0xd004, &hidups_openups }, /* Minibox, Microchip */
	{ 0x04d8, 0xd005, &hidups_openups },
	{ 0x050d, 0x0375, &hidups_belkin }, /* Belkin */
	{ 0x050d, 0x0551, &hidups_belkin },
	{ 0x050d, 0x0750, &hidups_belkin },
	{ 0x050d, 0x0751, &hidups_belkin },
	{ 0x050d, 0x0900, &hidups_belkin },
	{ 0x050d, 0x0910, &hidups_belkin },
	{ 0x050d, 0x0912, &hidups_belkin },
	{ 0x050d, 0x0980, &hidups_belkin },
	{ 0x050d, 0x0f51, &hidups_belkin },
	{ 0x050d, 0x1100, &hidups_belkin },
	{ 0x051d, 0x0000, &hidups_apc }, /* APC */
	{ 0x051d, 0x0002, &hidups_apc },
	{ 0x051d, 0x0003, &hidups_apc },
	{ 0x0592, 0x0004, &hidups_mge },   /* Powerware */
	{ 0x05dd, 0x041b, &hidups_delta }, /* Delta */
	{ 0x05dd, 0xa011, &hidups_tripplite },
	{ 0x06da, 0xffff, &hidups_phoenixtec }, /* Phoenixtec */
	{ 0x075d, 0x0300, &hidups_idowell },	/* iDowell */
	{ 0x0764, 0x0005, &hidups_cps },	/* CyberPower */
	{ 0x0764, 0x0501, &hidups_cps },
	{ 0x0764, 0x0601, &hidups_cps },
	{ 0x09ae, -1, &hidups_tripplite },    /* Tripp Lite: any */
	{ 0x0d9f, 0x0001, &hidups_powercom }, /* Powercom */
	{ 0x0d9f, 0x0004, &hidups_powercom },
	{ 0x0d9f, 0x00a2, &hidups_powercom },
	{ 0x0d9f, 0x00a3, &hidups_powercom },
	{ 0x0d9f, 0x00a4, &hidups_powercom },
	{ 0x0d9f, 0x00a5, &hidups_powercom },
	{ 0x0d9f, 0x00a6, &hidups_powercom },
	{ 0x10af, 0x0001, &hidups_belkin }, /* Liebert, Emerson, Vertiv */
	{ 0x10af, 0x0002, &hidups_liebert },
	{ 0x10af, 0x0004, &hidups_belkin },
	{ 0x10af, 0x0008, &hidups_belkin },
	{ 0x1cb0, 0x0032, &hidups_legrand }, /* Legrand */
	{ 0x1cb0, 0x0038, &hidups_legrand },
	{ 0x2341, 0x0036, &hidups_arduino }, /* Arduino */
	{ 0x2341, 0x8036, &hidups_arduino },
	{ 0x2a03, 0x0036, &hidups_arduino }, /* Arduino */
	{ 0x2a03, 0x0040, &hidups_arduino },
	{ 0x2a03, 0x8036, &hidups_arduino },
	{ 0x2a03, 0x8040, &hidups_arduino },
	{ 0x2b2d, 0xffff, &hidups_mge },  /* AEG */
	{ 0x2e51, 0x0000, &hidups_ever }, /* Ever */
	{ 0x2e51, 0xffff, &hidups_ever },
	{ 0x2e66, 0x0201, &hidups_salicru }, /* Salicru */
	{ 0x2e66, 0x0202, &hidups_salicru },
	{ 0x2e66, 0x0203, &hidups_salicru },
	{ 0x2e66, 0x0300, &hidups_salicru },
	{ 0x4234, 0x0002, &hidups_powervar }, /* Powervar */
	{ 0x5131, 0x2007, &hidups_generic },  /* sold under many names */
	{ 0, 0, NULL },
};

const struct hidups_vendor *const hidups_vendors[] = { &hidups_apc, &hidups_arduino, &hidups_belkin,
	&hidups_cps, &hidups_delta, &hidups_ever, &hidups_generic, &hidups_idowell, &hidups_legrand,
	&hidups_liebert, &hidups_mge, &hidups_openups, &hidups_phoenixtec, &hidups_powercom,
	&hidups_powervar, &hidups_salicru, &hidups_tripplite, NULL };
